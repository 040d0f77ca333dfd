"""One page at a time: from the snapshot when it is there, else from the network, checked before it is kept."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medtune.collect.web.pace import Limits, Pace, back_off_s
from medtune.collect.web.snapshot import Page, Snapshot
from medtune.core.errors import DataError, ServerError
from medtune.core.net import transport_error

if TYPE_CHECKING:
    from medtune.core.net import HttpClient, HttpResponse

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_KEY_PROBLEM = re.compile(rb"api[ _-]?key\b.{0,40}\b(?:invalid|wrong|missing|unknown|expired)", re.IGNORECASE)
"""NCBI answers 400 to a wrong key, and says so in its JSON."""
_HEAD_BYTES = 2_000
_KEPT_HEADERS = ("content-type", "link", "last-modified", "etag")


class BadPageError(Exception):
    """A page that came whole and cannot be used; `passing` when asking again may help."""

    def __init__(self, reason: str, *, passing: bool, next_step: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
        self.next_step = next_step


@dataclass(frozen=True)
class Wanted:
    """A page to fetch. `secrets` are parameters that are sent and never written down."""

    name: str
    """File name in the snapshot, unique in the source."""
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    accept: frozenset[int] = frozenset()
    """Statuses besides 200 that are an answer, not a failure (404 for «no match»)."""


class _TooSlowError(Exception):
    """A page that drips."""


def no_check(body: Path, status: int) -> None:
    """Keeps any page."""


@dataclass
class Fetcher:
    """Asks one source. `key_help` says how to give a key, for 401 and 403."""

    client: "HttpClient"
    snapshot: Snapshot
    limits: Limits
    key_help: str
    pace: Pace
    sent: int = 0

    def get(self, wanted: Wanted, check: Callable[[Path, int], None] = no_check) -> Page:
        """The page, once `check` (file, status) let it pass.

        Raises ServerError when the source does not give it, DataError when `check` finds it unusable for good, and
        EgressError when the recipe does not allow the host.
        """
        request = {"url": wanted.url, "params": dict(sorted(wanted.params.items()))}
        known = self.snapshot.find(wanted.name, request)
        if known is not None:
            return known
        part = self.snapshot.folder / f"{wanted.name}.part"
        reason = ""
        for attempt in range(1, self.limits.tries + 1):
            status, headers, reason = self._try(wanted, part, check)
            if not reason:
                kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
                return self.snapshot.add(wanted.name, part, request, status, kept)
            if attempt < self.limits.tries:
                self.pace.sleep(back_off_s(attempt, headers, self.limits.longest_wait_s))
        raise ServerError(
            f"the source did not give {wanted.name} in {self.limits.tries} tries ({reason})",
            where=wanted.url,
            next_step="run the same command again later: the pages so far are kept and not asked again",
        )

    def _try(self, wanted: Wanted, part: Path, check: Callable[[Path, int], None]) -> tuple[int, dict[str, str], str]:
        """Status, headers, and why to try again (empty: the page lies in `part`)."""
        self._count(wanted)
        self.pace.wait()
        try:
            with self.client.stream("GET", wanted.url, params={**wanted.params, **wanted.secrets}) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                status = response.status_code
                if status in _RETRIED and status not in wanted.accept:
                    return status, headers, f"status {status}"
                self._save(response, part, wanted)
        except (transport_error(), _TooSlowError) as error:
            return 0, {}, "it came too slowly" if isinstance(error, _TooSlowError) else type(error).__name__
        if status != 200 and status not in wanted.accept:
            raise self._refused(status, wanted, part)
        try:
            check(part, status)
        except BadPageError as bad:
            if bad.passing:
                return status, headers, bad.reason
            raise DataError(
                f"{wanted.name}: {bad.reason}",
                where=wanted.url,
                next_step=bad.next_step or "check the query and the address in the recipe",
            ) from bad
        return status, headers, ""

    def _count(self, wanted: Wanted) -> None:
        self.sent += 1
        if self.limits.per_run is not None and self.sent > self.limits.per_run:
            raise ServerError(
                f"the source allows {self.limits.per_run} requests a day, and this run has used them",
                where=wanted.url,
                next_step=f"{self.key_help}; or run the same command again tomorrow: what was fetched is kept",
            )

    def _save(self, response: "HttpResponse", part: Path, wanted: Wanted) -> None:
        """Write the body; a body that is too large or too slow raises."""
        began, size = time.monotonic(), 0
        with part.open("wb") as file:
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > self.limits.page_size_bytes:
                    raise DataError(
                        f"{wanted.name} is larger than {self.limits.page_size_bytes >> 20} MiB",
                        where=wanted.url,
                        next_step="ask for fewer records a page, or check the address",
                    )
                if time.monotonic() - began > self.limits.page_deadline_s:
                    raise _TooSlowError
                file.write(chunk)

    def _refused(self, status: int, wanted: Wanted, part: Path) -> ServerError:
        if status in (401, 403) or (status == 400 and _KEY_PROBLEM.search(part.read_bytes()[:_HEAD_BYTES])):
            return ServerError(
                f"the source refused the request (status {status}): its key is missing or wrong",
                where=wanted.url,
                next_step=self.key_help,
            )
        return ServerError(
            f"the source answered with status {status}",
            where=wanted.url,
            next_step="check the query and the address in the recipe",
        )
