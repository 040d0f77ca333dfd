"""SIGKILL in the middle of a page, through the real command: the next run asks for that page again and for no other."""

import gzip
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import call, start
from pages import Answer, Asked, site
from served import (
    CDC_PAGE,
    CDC_ROWS,
    HUB_COMMIT,
    HUB_NAME,
    NHS_ROOT,
    Ncbi,
    article,
    article_set,
    hub_of,
    label,
    nhs_site,
    paged,
)

from medtune.core.io import read_json, read_jsonl
from medtune.runs.layout import RAW, RECORDS, SOURCES, RunDir

pytestmark = pytest.mark.slow

Request = tuple[str, tuple[tuple[str, str], ...]]
Reply = Callable[[Asked], Answer]
ROWS = b'{"question": "Q%d", "answer": "A%d"}\n'


def baseline(asked: Asked) -> Answer:
    number = int(asked.path[-9])
    return Answer(gzip.compress(article_set(*(article(10 * number + n) for n in range(4))), mtime=0))


@dataclass(frozen=True)
class Served:
    """A source of a recipe (`address` is put before its paths), and the site that it reads."""

    section: dict[str, Any]
    reply: Callable[[], Reply]
    requests: int
    """Of a collection that is left alone."""
    root: str = ""


SERVED = {
    "openfda": Served(
        {"kind": "openfda", "search": "x", "page_size": 2}, lambda: paged([label(n) for n in range(9)]), requests=5
    ),
    "pubmed-query": Served({"kind": "pubmed", "query": "asthma"}, lambda: Ncbi(450), requests=4),
    "pubmed-baseline": Served(
        {"kind": "pubmed", "baseline": [f"pubmed26n000{n}.xml.gz" for n in (1, 2, 3)]},
        lambda: baseline,
        requests=3,
    ),
    "nhs": Served(
        {"kind": "nhs", "pages": ["medicines/acrivastine", "medicines/zopiclone"], "lists": ["conditions?category=Z"]},
        lambda: nhs_site,
        requests=11,
        root=NHS_ROOT,
    ),
    "cdc-pages": Served({"kind": "cdc", "topic": "influenza"}, lambda: _media, requests=6, root="/api"),
    "cdc-table": Served(
        {"kind": "cdc", "table": "rdmq-nq56"}, lambda: _long_table, requests=3
    ),
    "hub": Served(
        {"kind": "hub", "dataset": HUB_NAME, "revision": HUB_COMMIT},
        lambda: hub_of({f"data/part-{n}.jsonl": b"".join(ROWS % (n, k) for k in range(9)) for n in range(4)}),
        requests=6,
    ),
}  # fmt: skip


def _media(asked: Asked) -> Answer:
    """Two pages of two media each, in Content Services' envelope."""
    if asked.path.endswith("/syndicate"):
        return Answer(CDC_PAGE)
    number = int(asked.params["pagenum"])
    items = [{"id": 10 * number + n, "mediaType": "HTML", "name": f"Page {number}.{n}"} for n in range(2)]
    return Answer(json.dumps({"meta": {"status": 200, "pagination": {"totalPages": 2}}, "results": items}).encode())


def _long_table(asked: Asked) -> Answer:
    """The recorded rows over and over, each with a number of its own: 2,500 rows in pages of 1,000."""
    start, size = int(asked.params["$offset"]), int(asked.params["$limit"])
    rows = [{**CDC_ROWS[n % len(CDC_ROWS)], "number": str(n)} for n in range(start, min(start + size, 2500))]
    return Answer(json.dumps(rows).encode())


class Held:
    """A reply that drips from one request on, so that a kill strikes in the middle of that page."""

    def __init__(self, reply: Reply, number: int) -> None:
        self._reply = reply
        self._number = number
        self.reached = threading.Event()

    def __call__(self, asked: Asked) -> Answer:
        answer = self._reply(asked)
        if asked.number != self._number:
            return answer
        self.reached.set()
        return replace(answer, drip_s=max(0.05, 20 / max(1, len(answer.body))))


def recipe(folder: Path, section: dict[str, Any], address: str) -> Path:
    where = {"address": address}
    if section["kind"] == "pubmed":
        where["baseline_address"] = address
    if section["kind"] == "cdc":
        where["table_address"] = address
    file = folder / "kill.yaml"
    file.write_text(yaml.safe_dump({"name": "kill", "collect": {"sources": [{**section, **where}]}}))
    return file


def words(file: Path, runs: str) -> list[str]:
    return ["collect", str(file), "--runs", str(file.parent / runs)]


def kill_in(process: "subprocess.Popen[str]", held: Held, part: Callable[[], bool]) -> None:
    """SIGKILL once the page has begun to arrive."""
    waited = 0.0
    while not (held.reached.wait(0.02) and part()):
        waited += 0.02
        assert process.poll() is None, process.communicate()[1]
        assert waited < 60, "the page to kill in never came"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def facts_of(run: RunDir) -> list[dict[str, Any]]:
    """sources.json without the day, which may have changed at midnight."""
    return [{**row, "retrieved": ""} for row in read_json(run.stage("collect") / SOURCES)]


def request_of(asked: Asked) -> Request:
    return asked.path, tuple(sorted(asked.params.items()))


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENFDA_API_KEY", "NCBI_API_KEY", "NCBI_EMAIL", "CDC_APP_TOKEN", "HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NHS_API_KEY", "mine")


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[list[Request], RunDir]]:
    """What a collection asks for and writes when nothing disturbs it, by the name of its source."""

    @cache
    def collected(name: str) -> tuple[list[Request], RunDir]:
        served, folder = SERVED[name], tmp_path_factory.mktemp(name)
        with site(served.reply()) as server:
            done = call(words(recipe(folder, served.section, server.address + served.root), "runs"))
            assert done.returncode == 0, done.stderr
            return [request_of(asked) for asked in server.asked], RunDir(folder / "runs" / "kill")

    return collected


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("name", SERVED)
def test_a_killed_collection_asks_for_one_page_again(
    tmp_path: Path, left_alone: Callable[[str], tuple[list[Request], RunDir]], name: str, where: str
) -> None:
    served = SERVED[name]
    number = {"first": 0, "middle": served.requests // 2, "last": served.requests - 1}[where]
    held = Held(served.reply(), number)
    with site(held) as server:
        file = recipe(tmp_path, served.section, server.address + served.root)
        run = RunDir(tmp_path / "runs" / "kill")
        raw = run.partial("collect") / RAW
        killed = start(words(file, "runs"))
        kill_in(killed, held, lambda: any(raw.glob("*/*.part")))
        assert not run.stage("collect").exists()
        before = [request_of(asked) for asked in server.asked]
        done = call(words(file, "runs"))
        assert done.returncode == 0, done.stderr
        again = [request_of(asked) for asked in server.asked[len(before) :]]
    assert len(before) == number + 1 and again[0] == before[-1], "the page that the kill cut is asked again"
    assert not set(again) & set(before[:-1]), "no other page is"
    assert len(before) + len(again) == served.requests + 1
    assert not list(run.stage("collect").rglob("*.part"))
    asked, alone = left_alone(name)
    assert asked == [*before[:-1], *again]
    records = [row for _, row in read_jsonl(run.stage("collect") / RECORDS)]
    assert records == [row for _, row in read_jsonl(alone.stage("collect") / RECORDS)]
    assert len({row["id"] for row in records}) == len(records) > 2
    assert facts_of(run) == facts_of(alone)
