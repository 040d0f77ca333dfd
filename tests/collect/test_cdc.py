import json
from pathlib import Path
from typing import Any

import pytest
from desk import Collected, read_source
from pages import Answer, Site, site
from pydantic import ValidationError
from served import cdc_media, cdc_table

from medtune.collect.source import SourceInput
from medtune.collect.sources import cdc
from medtune.config.collect import CdcSource
from medtune.core.errors import DataError


def collect(server: Site, raw: Path, **section: Any) -> Collected:
    wanted = CdcSource(kind="cdc", address=f"{server.address}/api", table_address=server.address, **section)
    return read_source(cdc.collect, wanted, SourceInput(None, "cdc"), raw)


def test_pages_of_a_topic(tmp_path: Path) -> None:
    with site(cdc_media) as server:
        found = collect(server, tmp_path, topic="influenza")
    (record,) = found.records
    assert (record.id, record.topic, record.form) == ("cdc/11", "About Pandemics", "health-page")
    assert record.passages[0].text.startswith("About Pandemics\n\nA pandemic is a global disease outbreak.")
    assert found.facts.dropped == {"not a web page": 1, "page without text": 1}
    assert server.asked[0].params["topic"] == "influenza"
    assert "endorsement" in found.facts.terms


def test_rows_of_a_table(tmp_path: Path) -> None:
    with site(cdc_table) as server:
        found = collect(server, tmp_path, table="rdmq-nq56", limit=3)
    assert len(found.records) == 3
    assert "percent visits covid: 1.84" in found.records[0].passages[0].text


def test_errors_in_an_envelope_of_status_200(tmp_path: Path) -> None:
    bad = Answer(b'{"meta": {"status": 400, "message": []}, "results": []}')
    with site(lambda _: bad) as server, pytest.raises(DataError, match="status 400"):
        collect(server, tmp_path, topic="x")


def test_nothing_and_endless(tmp_path: Path) -> None:
    empty = Answer(b'{"meta": {"pagination": {"totalPages": 0}}, "results": []}')
    with site(lambda _: empty) as server, pytest.raises(DataError, match="nothing with text"):
        collect(server, tmp_path / "a", query="x")
    same = Answer(json.dumps([{"a": "1"}] * 1000).encode())
    with site(lambda _: same) as server, pytest.raises(DataError, match="for ever"):
        collect(server, tmp_path / "b", table="aaaa-bbbb")


def test_one_way_to_ask() -> None:
    for values in ({}, {"table": "aaaa-bbbb", "topic": "x"}):
        with pytest.raises(ValidationError):
            CdcSource.model_validate({"kind": "cdc", **values})
