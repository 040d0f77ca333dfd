import json
from pathlib import Path
from typing import Any

import pytest
from desk import Collected, read_source
from pages import Answer, Asked, Site, site
from served import NHS_ROOT, nhs_payload, nhs_site

from medtune.collect.source import SourceInput
from medtune.collect.sources import nhs
from medtune.config.collect import NhsSource
from medtune.core.errors import DataError, ServerError


def collect(server: Site, raw: Path, **section: Any) -> Collected:
    wanted = NhsSource(kind="nhs", address=f"{server.address}{NHS_ROOT}", **section)
    return read_source(nhs.collect, wanted, SourceInput(None, "nhs"), raw)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(nhs.KEY_VARIABLE, "mine")


def test_a_page_in_chapters_and_questions(tmp_path: Path) -> None:
    with site(nhs_site) as server:
        (record,) = collect(server, tmp_path, pages=("/medicines/acrivastine/",)).records
    assert (record.id, record.topic) == ("nhs/medicines/acrivastine", "Acrivastine")
    assert record.url == "https://www.nhs.uk/medicines/acrivastine/"
    headings = [passage.heading for passage in record.passages]
    assert "Side effects" in headings
    assert "Can I drink alcohol with it?" in headings
    assert all("<" not in passage.text and passage.text.strip() for passage in record.passages)
    assert any("8mg" in passage.text for passage in record.passages)


def test_a_page_cut_into_chapters_brings_them_along(tmp_path: Path) -> None:
    with site(nhs_site) as server:
        found = collect(server, tmp_path, pages=("medicines/zopiclone",))
    assert [record.id for record in found.records[:2]] == [
        "nhs/medicines/zopiclone",
        "nhs/medicines/zopiclone/about-zopiclone",
    ]
    assert {record.document for record in found.records} == {"nhs/medicines/zopiclone"}, "chapters never cross a split"
    assert found.facts.dropped["no such page"] > 0
    assert len({request.path for request in server.asked}) == len(server.asked)


def test_a_list_and_what_it_names(tmp_path: Path) -> None:
    with site(nhs_site) as server:
        found = collect(server, tmp_path, lists=("conditions?category=Z",))
    assert [record.id for record in found.records] == ["nhs/conditions/zika"]
    assert "Crown copyright" in found.facts.attribution


def test_pages_of_a_list_are_followed(tmp_path: Path) -> None:
    def reply(asked: Asked) -> Answer:
        number = int(asked.params.get("page", "1"))
        if asked.path != f"{NHS_ROOT}/conditions/":
            return Answer(nhs_payload("conditions-achalasia-no-params"))
        links = [{"url": f"https://api.service.nhs.uk{NHS_ROOT}/conditions/c{number}/"}]
        after = (
            [{"name": "Next Page", "url": f"https://x{NHS_ROOT}/conditions/?page={number + 1}"}] if number < 3 else []
        )
        return Answer(json.dumps({"@type": "x", "significantLink": links, "relatedLink": after}).encode())

    with site(reply) as server:
        found = collect(server, tmp_path, lists=("conditions",), limit=2)
    assert [record.id for record in found.records] == ["nhs/conditions/c1", "nhs/conditions/c2"]


def test_a_list_that_repeats_for_ever(tmp_path: Path) -> None:
    value = {"@type": "x", "significantLink": [], "relatedLink": [{"name": "Next Page", "url": "https://x/?page=2"}]}
    with site(lambda _: Answer(json.dumps(value).encode())) as server, pytest.raises(DataError, match="for ever"):
        collect(server, tmp_path, lists=("conditions",))


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_missing_key_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(nhs.KEY_VARIABLE, key)
    with site(nhs_site) as server, pytest.raises(ServerError, match=nhs.KEY_VARIABLE):
        collect(server, tmp_path, pages=("conditions/achalasia",))


def test_a_page_is_no_list(tmp_path: Path) -> None:
    with site(nhs_site) as server, pytest.raises(DataError, match="no list"):
        collect(server, tmp_path, lists=("conditions/achalasia",))


def test_nothing_found(tmp_path: Path) -> None:
    with site(nhs_site) as server, pytest.raises(DataError, match="none of these pages"):
        collect(server, tmp_path, pages=("conditions/nothing",))
