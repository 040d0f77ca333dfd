"""Ask one build: servers side by side, each with one slot; every answer is on disk before the next question."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from medtune.ask.setting import Setting, flags_of, messages_of
from medtune.core.errors import ServerError
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.messages import Decoding, Reply
from medtune.llm.server import LlamaServer
from medtune.runs.records.ask import AskedCase, Response

_FAILURES_IN_A_ROW = 3
"""So many unanswered questions one after the other mean that the server is of no use, not that one question is hard."""


@dataclass
class Asked:
    """What asking one build came to."""

    seconds: float = 0.0
    restarts: int = 0
    flags: list[str] = field(default_factory=list)


@dataclass
class _Shared:
    """What the threads share: the questions that are left, and the first error."""

    left: deque[tuple[AskedCase, int]]
    on_answer: Callable[[Response], None]
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    failures: int = 0

    def count_failure(self, *, failed: bool) -> int:
        """Unanswered questions one after the other, this one included."""
        with self.lock:
            self.failures = self.failures + 1 if failed else 0
            return self.failures


def ask_build(
    toolchain: Toolchain,
    build: str,
    gguf: Path,
    questions: Sequence[tuple[AskedCase, int]],
    *,
    setting: Setting,
    logs: Path,
    on_answer: Callable[[Response], None],
) -> Asked:
    """Put every question (a case and its sample) to one build; `on_answer` gets each answer, one call at a time.

    A question that gets no answer in time is answered with finish reason `error`. Raises ServerError: a server died
    twice (with the last lines of its log), or answers nothing any more; ModelError: it cannot load the file.
    """
    began = time.monotonic()
    shared = _Shared(deque(questions), on_answer)
    count = max(1, min(setting.servers, len(questions)))
    with ExitStack() as running:
        servers = [
            running.enter_context(
                LlamaServer(
                    toolchain,
                    gguf,
                    log=logs / f"{build}-{number}.log",
                    threads=setting.threads,
                    ctx_size=setting.context,
                    slots=setting.slots,
                    answer_timeout_s=setting.timeout_s,
                )
            )
            for number in range(count)
        ]
        flags = flags_of(servers[0].pid)
        with ThreadPoolExecutor(max_workers=count * setting.slots, thread_name_prefix=f"ask-{build}") as pool:
            work = [pool.submit(_work, server, build, setting, shared) for server in servers * setting.slots]
            try:
                for one in work:
                    one.result()
            finally:
                shared.stop.set()
        restarts = sum(server.restarts for server in servers)
    return Asked(seconds=time.monotonic() - began, restarts=restarts, flags=flags)


def _work(server: LlamaServer, build: str, setting: Setting, shared: _Shared) -> None:
    """One thread: question after question to its own server, until none is left or another thread failed."""
    try:
        while not shared.stop.is_set():
            try:
                case, sample = shared.left.popleft()
            except IndexError:
                return
            answer = _ask(server, build, (case, sample), setting, shared)
            with shared.lock:
                shared.on_answer(answer)
    except BaseException:
        shared.stop.set()
        raise


def _ask(
    server: LlamaServer, build: str, question: tuple[AskedCase, int], setting: Setting, shared: _Shared
) -> Response:
    began = time.monotonic()
    case, sample = question
    decoding = setting.decoding_of(case, sample)
    try:
        reply = server.chat(messages_of(case), decoding)
        shared.count_failure(failed=False)
    except ServerError:
        failures = shared.count_failure(failed=True)
        if server.pid is None or failures >= _FAILURES_IN_A_ROW:
            raise
        reply = Reply("", "error", 0, 0, time.monotonic() - began)
    return response_of(build, case, sample, reply, decoding)


def response_of(build: str, case: AskedCase, sample: int, reply: Reply, decoding: Decoding) -> Response:
    """A reply as a row of responses.jsonl."""
    return Response.model_validate(
        {
            "case": case.id,
            "build": build,
            "sample": sample,
            "text": reply.text,
            "finish_reason": reply.finish_reason if reply.finish_reason in ("stop", "length") else "error",
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "seconds": round(reply.seconds, 4),
            "seed": decoding.seed if sample else None,
        }
    )
