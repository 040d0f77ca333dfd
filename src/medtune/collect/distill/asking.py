"""Ask many things at once, each until its answer passes or its tries are used up; outcomes come back in order."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from medtune.collect.distill.budget import BudgetSpentError
from medtune.collect.distill.ledger import Failed
from medtune.collect.distill.teacher import NoAnswerError, Teacher
from medtune.collect.distill.words import Ask, Judge, Judged, Outcome, Trouble, prompt_digest
from medtune.detect.language import read_language
from medtune.detect.phi import find_phi

HELD_BACK = "held back: an identifier of a person"
BUDGET_SPENT = "the token budget was used up"
_WINDOW = 4096
"""Outcomes that may wait for one that is slow, so that memory stays flat."""


def ask_each(
    asks: Iterable[Ask], teacher: Teacher, judge: Judge, *, max_tries: int, on_outcome: Callable[[Outcome], object]
) -> None:
    """Put every ask to the teacher, `concurrency` of them at once; `on_outcome` gets each, in the order of the asks.

    Raises ServerError when the teacher is of no use any more; what was answered until then is in its ledger.
    """
    load_detectors()
    line = _Line(iter(asks), on_outcome)
    # More threads than calls at once: while one row is scanned or judged, another's call is on its way.
    threads = 2 * teacher.settings.concurrency
    with ThreadPoolExecutor(threads, thread_name_prefix="distill") as pool:
        work = [pool.submit(_work, line, teacher, judge, max_tries) for _ in range(threads)]
        try:
            for one in work:
                one.result()
        finally:
            line.stop()


def load_detectors() -> None:
    """Read lists and models once, before all threads read them side by side: that took ten times as long."""
    find_phi("Seen by Dr. Example on 1 May; phone +49 30 123456, MRN: 12345678.")
    read_language("A sentence that is long enough to be told from others.")


@dataclass
class _Line:
    """What the threads share: the asks that are left, and the outcomes that wait for an earlier one."""

    left: Iterator[Ask]
    on_outcome: Callable[[Outcome], object]
    _given: int = 0
    _next: int = 0
    _waiting: dict[int, Outcome] = field(default_factory=dict)
    _stopped: bool = False
    _turn: threading.Condition = field(default_factory=threading.Condition)

    def take(self) -> tuple[int, Ask] | None:
        """The next ask with its number; None when none is left."""
        with self._turn:
            while not self._stopped and self._given - self._next >= _WINDOW:
                self._turn.wait()
            if self._stopped:
                return None
            ask = next(self.left, None)
            if ask is None:
                return None
            self._given += 1
            return self._given - 1, ask

    def put(self, number: int, outcome: Outcome) -> None:
        """Hand over what became of an ask."""
        with self._turn:
            self._waiting[number] = outcome
            while not self._stopped and self._next in self._waiting:
                self.on_outcome(self._waiting.pop(self._next))
                self._next += 1
            self._turn.notify_all()

    def stop(self) -> None:
        """Let every thread end after what it does now."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()


def _work(line: _Line, teacher: Teacher, judge: Judge, max_tries: int) -> None:
    try:
        while (taken := line.take()) is not None:
            number, ask = taken
            line.put(number, ask_one(ask, teacher, judge, max_tries))
    except BaseException:
        line.stop()
        raise


def ask_one(ask: Ask, teacher: Teacher, judge: Judge, max_tries: int) -> Outcome:
    """One ask with all its tries. Raises ServerError."""
    kinds = tuple(sorted({found.kind for found in find_phi(ask.user)}))
    if kinds:
        return Outcome(ask, Judged(), reason=HELD_BACK, kinds=kinds)
    tries: list[tuple[str, ...]] = []
    advice: tuple[str, ...] = ()
    failed: list[Failed] = []
    for number in range(max_tries):
        messages = ask.messages(advice)
        try:
            reply = teacher.ask(messages, ask.max_tokens, number, failed)
        except BudgetSpentError:
            return Outcome(ask, Judged(), reason=BUDGET_SPENT, tries=tuple(tries))
        except NoAnswerError as error:
            tries.append((error.failed.reason,))
            failed.append(error.failed)
            if error.hopeless:
                break
            continue
        failed.clear()
        judged = judge(ask, reply)
        tries.append(tuple(trouble.reason for trouble in judged.troubles))
        if not judged.troubles:
            return Outcome(ask, judged, prompt=prompt_digest(messages), tries=tuple(tries))
        advice = tuple(_sayable(trouble) for trouble in judged.troubles)
    return Outcome(ask, Judged(), reason=tries[-1][0], tries=tuple(tries))


def _sayable(trouble: Trouble) -> str:
    """Advice may quote the answer: what looks like a person's identifier in it is not sent out."""
    return trouble.reason if find_phi(trouble.advice) else trouble.advice
