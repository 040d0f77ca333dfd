import json
from pathlib import Path
from typing import Any

import pytest
from desk import Collected, read_source
from pages import Answer, Site, site
from served import label, paged

from medtune.collect.source import SourceInput
from medtune.collect.sources import openfda
from medtune.collect.sources.openfda_label import label_record, without_table
from medtune.config.collect import OpenfdaSource
from medtune.core.errors import DataError, ServerError

NO_MATCH = Answer(b'{"error": {"code": "NOT_FOUND", "message": "No matches found!"}}', 404)


def collect(server: Site, raw: Path, **section: Any) -> Collected:
    wanted = OpenfdaSource(kind="openfda", search="x", address=server.address, **{"page_size": 2, **section})
    return read_source(openfda.collect, wanted, SourceInput(None, "openfda"), raw)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(openfda.KEY_VARIABLE, raising=False)


def test_every_label_of_every_page(tmp_path: Path) -> None:
    with site(paged([label(number) for number in range(5)])) as server:
        found = collect(server, tmp_path)
    assert [record.topic for record in found.records] == [f"Drug {number}" for number in range(5)]
    assert len(server.asked) == 3
    assert all("leaked" not in value for request in server.asked for value in request.params.values())
    assert (found.facts.documents, found.facts.licence) == (5, "CC0 1.0")
    assert "open.fda.gov/terms" in found.facts.terms


def test_a_killed_collection_goes_on(tmp_path: Path) -> None:
    labels = [label(number) for number in range(6)]
    dead = {number: Answer(b"", 403) for number in (2,)}
    with site(paged(labels, dead)) as server:
        with pytest.raises(ServerError):
            collect(server, tmp_path)
        found = collect(server, tmp_path)
    assert [record.id for record in found.records] == [f"openfda/id-{number}" for number in range(6)]
    assert len(server.asked) == 4, "three pages, and the refused one again"


def test_limit_and_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(openfda.KEY_VARIABLE, "mine")
    with site(paged([label(number) for number in range(9)])) as server:
        found = collect(server, tmp_path, limit=3)
    assert len(found.records) == 3
    assert [request.params["api_key"] for request in server.asked] == ["mine", "mine"]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (NO_MATCH, DataError, "knows no label"),
        (Answer(b"<html>not found</html>", 404), ServerError, "not JSON"),
        (Answer(b'{"error": {"code": "API_KEY_INVALID"}}', 403), ServerError, openfda.KEY_VARIABLE),
        (Answer(b'{"results": [{"id": "1", '), ServerError, "cut off"),
        (Answer(b"<html>busy</html>"), ServerError, "not JSON"),
        (Answer(b"[" * 200_000), ServerError, "not JSON"),
    ],
)
def test_bad_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, error: type[Exception], says: str
) -> None:
    monkeypatch.setattr("medtune.collect.web.open.Pace", _no_waiting)
    with site(lambda _: answer) as server, pytest.raises(error, match=says):
        collect(server, tmp_path)


def _no_waiting(requests: int, *_: Any, **__: Any) -> Any:
    from medtune.collect.web.pace import Pace

    return Pace(requests, sleep=lambda _: None)


def test_a_page_that_repeats_for_ever_ends(tmp_path: Path) -> None:
    same = Answer(json.dumps({"results": [label(1)]}).encode(), headers={"Link": '<https://x/?a=b>; rel="next"'})
    with site(lambda _: same) as server, pytest.raises(DataError, match="for ever"):
        collect(server, tmp_path)


def test_labels_without_names_or_prose() -> None:
    otc = label(1, openfda={}, spl_product_data_elements=["Mezereum DAPHNE BARK"])
    record = label_record(otc, "openfda", "CC0 1.0")
    assert not isinstance(record, str)
    assert record.topic == "Mezereum"
    assert [passage.name for passage in record.passages] == ["indications_and_usage"]
    assert label_record(label(1, openfda={}), "openfda", "") == "label without a drug's name"
    assert label_record({"id": "1"}, "openfda", "") == "label without prose"
    assert label_record({}, "openfda", "") == "label without an id"


def test_tables_stay_out_of_prose() -> None:
    table = "<table><caption>Table 1: Doses</caption><tr><td>Adults</td><td>5 mg</td></tr></table>"
    assert without_table("Take it. Table 1: Doses Adults 5 mg With food.", table) == "Take it. With food."
    rows = "<table><tr><td>Adults &lt;65</td><td>5 mg</td></tr><tr><td>Children</td><td>1 mg</td></tr></table>"
    assert without_table("A. Adults <65 5 mg note B. Children 1 mg C.", rows) == "A. note B. C."
    frame = "<table><tr><td>Read this guide.</td></tr></table>"
    assert without_table("Read this guide.", frame) == "Read this guide."
    assert without_table("Nothing of it stands here.", table) == "Nothing of it stands here."
