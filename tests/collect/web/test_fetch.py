import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Answer, Asked, site

from medtune.collect.web.fetch import BadPageError, Fetcher, Wanted
from medtune.collect.web.pace import Limits, Pace, back_off_s
from medtune.collect.web.snapshot import LEDGER, Snapshot
from medtune.core.errors import DataError, EgressError, MedtuneError, ServerError
from medtune.core.net import Egress, client

GOOD = Answer(b'{"results": [1]}')
Reply = Callable[[Asked], Answer]


class Fetching:
    """Fetches one page from a scripted site; waits are written down, not slept."""

    def __init__(self, folder: Path, **limits: float) -> None:
        self.folder = folder
        self.waits: list[float] = []
        self.limits = Limits(**{"requests": 1000, "timeout_s": 5.0, **limits})  # type: ignore[arg-type]

    def __call__(self, reply: Reply, *names: str, check: Callable[[Path, int], None] | None = None) -> list[Asked]:
        with site(reply) as server, client(Egress(), timeout_s=self.limits.timeout_s) as connection:
            pace = Pace(self.limits.requests, sleep=self.waits.append)
            fetcher = Fetcher(connection, Snapshot(self.folder), self.limits, "set the key", pace)
            for name in names or ("page.json",):
                wanted = Wanted(name, f"{server.address}/{name}", {"q": "x y"}, {"api_key": "s3cret"})
                self.body = fetcher.get(wanted, *([check] if check else [])).body
            return server.asked


def refuse(body: Path, status: int) -> None:
    value = json.loads(body.read_bytes())
    if "error" in value:
        raise BadPageError("an error in a page of status 200", passing=value["error"] == "busy")


@pytest.mark.parametrize(
    ("first", "wait_s"),
    [
        (Answer(b"", 500), 1.0),
        (Answer(b"", 503), 1.0),
        (Answer(b"", 429, {"Retry-After": "7"}), 7.0),
        (Answer(b"x" * 1000, cut=True), 1.0),
        (Answer(b'{"error": "busy"}'), 1.0),
        (
            Answer(
                b"",
                429,
                {"Date": "Fri, 01 Jan 2100 00:00:00 GMT", "Retry-After": "Fri, 01 Jan 2100 00:00:09 GMT"},
            ),
            9.0,
        ),
    ],
)
def test_a_passing_failure_is_tried_again(tmp_path: Path, first: Answer, wait_s: float) -> None:
    fetch = Fetching(tmp_path)
    asked = fetch(lambda request: GOOD if request.number else first, check=refuse)
    assert fetch.body == GOOD.body
    assert (len(asked), fetch.waits) == (2, [wait_s])


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Answer(b"", 500), ServerError, "in 6 tries (status 500)"),
        (Answer(b"", 403), ServerError, "key is missing or wrong"),
        (Answer(b"", 401), ServerError, "key is missing or wrong"),
        (Answer(b"", 404), ServerError, "status 404"),
        (Answer(b'{"error": "gone"}'), DataError, "an error in a page of status 200"),
        (Answer(b"x" * 2000), DataError, "larger than"),
    ],
)
def test_a_lasting_failure_is_named(tmp_path: Path, answer: Answer, error: type[MedtuneError], says: str) -> None:
    fetch = Fetching(tmp_path, page_size_bytes=1000)
    with pytest.raises(error) as raised:
        fetch(lambda _: answer, check=refuse)
    assert says in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert not list(tmp_path.glob("page*.json"))


def test_a_page_that_drips_is_given_up(tmp_path: Path) -> None:
    fetch = Fetching(tmp_path, page_deadline_s=0.2, tries=2)
    with pytest.raises(ServerError, match="too slowly"):
        fetch(lambda _: Answer(b"x" * 200, drip_s=0.02))


def test_what_was_fetched_is_not_asked_again(tmp_path: Path) -> None:
    first = Fetching(tmp_path)
    assert len(first(lambda _: GOOD, "a.json", "b.json")) == 2
    # As a kill leaves it: a cut line in the ledger, a page half written.
    ledger = tmp_path / LEDGER
    ledger.write_bytes(ledger.read_bytes()[:-9])
    (tmp_path / "c.json.part").write_bytes(b"half")
    snapshot = Snapshot(tmp_path)
    assert not (tmp_path / "c.json.part").exists()
    assert snapshot.retrieved()
    # A new site has another port and so another address: pages of another request are never taken for it.
    again = Fetching(tmp_path)
    assert [request.path for request in again(lambda _: GOOD, "a.json")] == ["/a.json"]


def test_a_killed_snapshot_goes_on(tmp_path: Path) -> None:
    with site(lambda _: GOOD) as server, client(Egress(), timeout_s=5) as connection:
        wanted = [Wanted(f"{name}.json", f"{server.address}/{name}") for name in "abc"]
        for last in (2, 3):
            fetcher = Fetcher(connection, Snapshot(tmp_path), Limits(1000), "", Pace(1000))
            pages = [fetcher.get(page) for page in wanted[:last]]
        assert [request.path for request in server.asked] == ["/a", "/b", "/c"]
        assert len({page.path for page in pages}) == 3


def test_no_key_is_written_down(tmp_path: Path) -> None:
    fetch = Fetching(tmp_path)
    (request,) = fetch(lambda _: GOOD)
    assert request.params == {"q": "x y", "api_key": "s3cret"}
    assert all(b"s3cret" not in file.read_bytes() for file in tmp_path.iterdir())
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_an_allowance_ends_with_what_to_do(tmp_path: Path) -> None:
    fetch = Fetching(tmp_path, per_run=2)
    with pytest.raises(ServerError, match="allows 2 requests a day"):
        fetch(lambda _: GOOD, "a", "b", "c")


def test_a_host_must_be_allowed(tmp_path: Path) -> None:
    with client(Egress(), timeout_s=1) as connection:
        fetcher = Fetcher(connection, Snapshot(tmp_path), Limits(60), "", Pace(60))
        with pytest.raises(EgressError):
            fetcher.get(Wanted("a", "https://example.org/a"))


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.integers(1, 9))
def test_no_minute_sees_more_than_allowed(gaps: list[float], per_minute: int) -> None:
    now = 0.0
    sent: list[float] = []

    def sleep(wait_s: float) -> None:
        nonlocal now
        now += wait_s

    pace = Pace(per_minute, clock=lambda: now, sleep=sleep)
    for gap in gaps:
        now += gap
        pace.wait()
        sent.append(now)
    for start in sent:
        assert sum(start <= time < start + 60 - 1e-6 for time in sent) <= per_minute


@given(st.integers(1, 9), st.text(max_size=30))
def test_any_retry_after_gives_a_bounded_wait(attempt: int, header: str) -> None:
    assert 0 <= back_off_s(attempt, {"retry-after": header, "date": header}, 300.0) <= 300.0
