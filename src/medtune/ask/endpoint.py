"""Ask any running model over the OpenAI protocol: retried while it restarts, kept as the answers come."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from medtune.ask.asking import response_of
from medtune.ask.setting import messages_of, sample_seed
from medtune.core.errors import ServerError
from medtune.llm.client import ChatClient
from medtune.llm.messages import Decoding, Reply
from medtune.runs.records.ask import AskedCase, Response

_FAILURES_IN_A_ROW = 3
RESTART_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""An endpoint that is gone may be restarting: so long is waited before it is asked again."""


def ask_endpoint(
    client: ChatClient,
    build: str,
    questions: Sequence[tuple[AskedCase, int]],
    *,
    decoding: Decoding,
    sampling: Decoding,
    parallel: int,
    on_answer: Callable[[Response], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put every question to the endpoint; `on_answer` gets each answer, one call at a time.

    A question without a usable answer is answered with finish reason `error`. Raises ServerError when three in a row
    get none: hangs, garbage, an endpoint that stays away.
    """
    left, lock, stop = deque(questions), threading.Lock(), threading.Event()
    failures = 0

    def work() -> None:
        nonlocal failures
        while not stop.is_set():
            try:
                case, sample = left.popleft()
            except IndexError:
                return
            how = decoding if sample == 0 else replace(sampling, seed=sample_seed(sampling.seed, case.id, sample))
            began = time.monotonic()
            try:
                reply = _chat(client, case, how, sleep)
                failed = False
            except ServerError:
                with lock:
                    failures += 1
                    if failures >= _FAILURES_IN_A_ROW:
                        stop.set()
                        raise
                reply, failed = Reply("", "error", 0, 0, time.monotonic() - began), True
            with lock:
                failures = failures if failed else 0
                on_answer(response_of(build, case, sample, reply, how))

    with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="endpoint") as pool:
        work_done = [pool.submit(work) for _ in range(parallel)]
        try:
            for one in work_done:
                one.result()
        finally:
            stop.set()


def _chat(client: ChatClient, case: AskedCase, how: Decoding, sleep: Callable[[float], None]) -> Reply:
    """One answer; a connection that breaks or finds nobody is tried again while the endpoint may be restarting."""
    for wait_s in RESTART_WAITS_S:
        try:
            return client.chat(messages_of(case), how)
        except ServerError as error:
            if not error.what.startswith(("nothing answers", "the connection broke")):
                raise
            sleep(wait_s)
    return client.chat(messages_of(case), how)
