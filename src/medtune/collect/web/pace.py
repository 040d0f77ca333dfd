"""How often a source may be asked, and how long to wait after a failure."""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Limits:
    """What a source's terms allow, and what medtune bears before it gives up."""

    requests: int
    """At most so many requests in any `window_s` seconds."""
    window_s: float = 60.0
    per_run: int | None = None
    """Requests in one run: a daily allowance cannot be counted over runs, so a run never asks for more than it."""
    tries: int = 6
    """Of one request, the first included."""
    timeout_s: float = 60.0
    """For connecting, each read and each write."""
    page_deadline_s: float = 600.0
    """For one page from the first to the last byte: a server that drips for ever is given up."""
    page_size_bytes: int = 1 << 30
    longest_wait_s: float = 300.0


@dataclass
class Pace:
    """Holds requests back so that no window of time sees more than allowed; tests replace clock and sleep."""

    requests: int
    window_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _sent: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        """Return when the next request may be sent."""
        now = self.clock()
        while self._sent and now - self._sent[0] >= self.window_s:
            self._sent.popleft()
        if len(self._sent) >= self.requests:
            self.sleep(self.window_s - (now - self._sent[0]))
            now = self.clock()
            self._sent.popleft()
        self._sent.append(now)


def back_off_s(attempt: int, headers: dict[str, str], longest_s: float) -> float:
    """Seconds to wait after failure number `attempt` (from 1): the server's Retry-After, else 1, 2, 4, 8 …

    A Retry-After date is compared with the server's own Date header, so a wrong clock on either side does no harm.
    """
    asked = headers.get("retry-after", "").strip()
    wait_s = 2.0 ** (attempt - 1)
    if asked.isdecimal():
        wait_s = float(asked)
    elif asked and headers.get("date"):
        with contextlib.suppress(ValueError, TypeError):
            wait_s = (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds()
    return min(max(wait_s, 0.0), longest_s)
