"""The teacher: one call at a time, from the ledger where its answer is known, over HTTP else."""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from medtune.collect.distill.budget import Budget, estimated_tokens
from medtune.collect.distill.ledger import Failed, Ledger, call_key
from medtune.collect.distill.words import prompt_digest
from medtune.core.errors import ServerError, UsageError
from medtune.core.net import Egress
from medtune.llm.client import ChatClient
from medtune.llm.messages import Decoding, Message, Reply

_FATAL = (401, 403, 404)
_ITS_FAULT = (400, 413, 422)
"""The request itself is refused (often: too long): asking again would change nothing."""
_FEWEST_IN_A_ROW = 12
_LONGEST_WAIT_S = 2.0


class NoAnswerError(Exception):
    """This call brought no answer; its reason is what is counted."""

    def __init__(self, failed: Failed, *, hopeless: bool) -> None:
        super().__init__(failed.reason)
        self.failed = failed
        self.hopeless = hopeless
        """True when asking the same again is of no use."""


@dataclass(frozen=True)
class TeacherSettings:
    """Where the teacher is and how it is asked."""

    endpoint: str
    model: str
    key_env: str | None
    timeout_s: float
    temperature: float
    seed: int
    concurrency: int

    @property
    def host(self) -> str:
        """The machine that it runs on."""
        return urlsplit(self.endpoint).hostname or self.endpoint

    def decoding(self, max_tokens: int, number: int) -> Decoding:
        """How try `number` (from 0) is drawn: each with another seed."""
        return Decoding(temperature=self.temperature, max_tokens=max_tokens, seed=self.seed + number)

    def key_of(self, messages: list[Message], max_tokens: int, number: int) -> str:
        """The ledger's key of a call."""
        return call_key(self.endpoint, self.model, messages, self.decoding(max_tokens, number))


@dataclass
class Teacher:
    """Use it in a `with`. Threads may share it; no more than `concurrency` of them are in a call at once."""

    settings: TeacherSettings
    egress: Egress
    ledger: Ledger
    budget: Budget
    sleep: Callable[[float], None]
    _client: ChatClient = field(init=False)
    _slots: threading.BoundedSemaphore = field(init=False)
    _failures: int = 0
    _over: ServerError | None = None
    """Why it is of no use any more: threads that wait for their turn need not find out again."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Raises EgressError when the recipe does not allow the host, UsageError when the key is not set."""
        given = self.settings
        self._slots = threading.BoundedSemaphore(given.concurrency)
        self._client = ChatClient(
            given.endpoint,
            egress=self.egress,
            model=given.model,
            timeout_s=given.timeout_s,
            api_key=_key(given.key_env),
            sleep=self.sleep,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, messages: list[Message], max_tokens: int, number: int, failed: Sequence[Failed] = ()) -> Reply:
        """The answer to try `number` (from 0); `failed` are the row's tries before it that brought none.

        Raises NoAnswerError, BudgetSpentError, and ServerError when the teacher is of no use any more: it refuses the
        key or the model, or so many calls in a row failed.
        """
        key = self.settings.key_of(messages, max_tokens, number)
        known = self.ledger.find(key)
        if isinstance(known, Failed):
            raise NoAnswerError(known, hopeless=False)
        if known is not None:
            self.budget.count_cached(messages, known)
            return known
        most = estimated_tokens(messages) + max_tokens
        self.budget.reserve(most)
        reply: Reply | None = None
        try:
            with self._slots:
                if self._over is not None:
                    raise self._over
                reply = self._client.chat(messages, self.settings.decoding(max_tokens, number))
            self.ledger.add(key, prompt_digest(messages), reply, failed)
        except ServerError as error:
            raise self._no_answer(error, key) from error
        finally:
            self.budget.settle(most, messages, reply)
        with self._lock:
            self._failures = 0
        return reply

    def _no_answer(self, error: ServerError, key: str) -> NoAnswerError:
        """What a failed call means for its row; raises what ends the whole work."""
        hopeless = error.status in _ITS_FAULT
        with self._lock:
            self._failures += not hopeless
            failures = self._failures
            self._over = self._over or self._end(error, failures)
            if self._over is not None:
                raise self._over from (error if error is not self._over else None)
        if failures > 1:  # one alone is chance, and waiting would leave the teacher idle
            self.sleep(min(_LONGEST_WAIT_S, 0.125 * 2**failures))
        reason = f"no answer: status {error.status}" if error.status else f"no answer: {error.what}"
        return NoAnswerError(Failed(key, reason), hopeless=hopeless)

    def _end(self, error: ServerError, failures: int) -> ServerError | None:
        """The error that ends the work after so many failures in a row; None while there is hope."""
        if error.status in _FATAL:
            return ServerError(
                f"the teacher refuses the key or does not know the model {self.settings.model!r} "
                f"(status {error.status})",
                where=self.settings.endpoint,
                next_step="check `teacher.model`, and that the variable named by `teacher.key_env` holds a valid key",
            )
        if failures < max(_FEWEST_IN_A_ROW, 2 * self.settings.concurrency):
            return None
        return ServerError(
            f"{failures} calls to the teacher failed in a row; the last: {error.what}",
            where=self.settings.endpoint,
            next_step="see to the teacher, then run the same command again: every answer so far is kept",
        )


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UsageError(
            f"the variable {variable} holds no key for the teacher",
            where="teacher.key_env",
            next_step=f"`export {variable}=…`, or leave `key_env` out for an endpoint without a key",
        )
    return key
