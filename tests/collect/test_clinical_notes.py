import json
from typing import Any

import pytest
from desk import Collected, read_source

from medtune.collect.source import SourceInput
from medtune.collect.sources import clinical_notes
from medtune.collect.sources.clinical_notes import BUNDLED_FACTS, SETS, bundled_folder
from medtune.config.collect_clinical import ClinicalNotesSource
from medtune.core.hashing import sha256_file


def collect(**section: Any) -> Collected:
    source = ClinicalNotesSource.model_validate({"kind": "clinical_notes", **section})
    return read_source(clinical_notes.collect, source, SourceInput(None, "notes"))


def test_all_sets_are_read_with_their_authors() -> None:
    found = collect()
    facts = json.loads((bundled_folder() / BUNDLED_FACTS).read_text())
    assert len(found.records) == sum(part["rows"] for part in facts.values())
    assert len({record.id for record in found.records}) == len(found.records)
    assert all(record.kind == "qa" and record.question and record.answer for record in found.records)
    assert (found.facts.licence, found.facts.public) == ("CC BY 4.0", True)
    for kind in SETS.values():
        assert kind.attribution in found.facts.attribution
    assert not found.warnings


@pytest.mark.parametrize("name", sorted(SETS))
def test_one_set(name: str) -> None:
    found = collect(sets=[name], limit=5)
    assert len(found.records) == 5
    assert {record.url for record in found.records} == {SETS[name].url}
    assert all("Doctor:" in record.question for record in found.records)
    assert not any("<UN" in record.question or "[doctor]" in record.question for record in found.records)


def test_the_files_are_those_of_the_facts_and_small() -> None:
    facts = json.loads((bundled_folder() / BUNDLED_FACTS).read_text())
    text = (bundled_folder() / "ATTRIBUTION.md").read_text()
    for name, kind in SETS.items():
        path = bundled_folder() / kind.file
        assert sha256_file(path) == facts[name]["sha256"]
        assert facts[name]["commit"] in text
        assert kind.attribution in text
    assert sum(path.stat().st_size for path in bundled_folder().glob("*.xz")) <= 600_000
