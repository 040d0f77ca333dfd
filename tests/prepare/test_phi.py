"""The PHI gate in the stage: acts on a site's own records, leaves public ones as they are, fails closed."""

import json
from pathlib import Path
from typing import Any

import pytest
from datarun import prepare, recipe, splits

from medtune.core.errors import DataError
from medtune.prepare.steps import phi as step
from medtune.runs.layout import PHI, STATS, RunDir
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import PhiSpan, Rejected

ACCEPT = {"who": "Data protection officer", "why": "approval 2026-114"}
NOTE = (
    "Dr. Quillfeather saw {name} on {date} at Wexcombe General Hospital (MRN: QZ-44{n:04d}). "
    "The 94-year-old felt well; {name} returns on {later}. Plan number {n} is to rest and to drink water."
)


def rows(count: int = 40) -> list[dict[str, Any]]:
    return [
        {
            "question": f"What was planned for case number {n}?",
            "answer": NOTE.format(name="Beatrix Oldfield", date="March 3, 2024", later="March 13, 2024", n=n),
        }
        for n in range(count)
    ]


def made(folder: Path, data: list[dict[str, Any]], **phi: Any) -> RunDir:
    (folder / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data))
    of = recipe([{"kind": "files", "path": "own.jsonl"}], prepare={"near_duplicates": "ignore", "phi": phi})
    return prepare(of, folder)[0]


def answers(run: RunDir) -> list[str]:
    return [row.messages[-1].content for part in splits(run).values() for row in part]


def stats(run: RunDir) -> dict[str, Any]:
    return dict(json.loads((run.stage("prepare") / STATS).read_text())["phi"])


def test_identifiers_of_own_files_are_masked_and_listed_without_text(tmp_path: Path) -> None:
    run = made(tmp_path, rows(), accept=ACCEPT)
    for answer in answers(run):
        assert "Oldfield" not in answer and "Wexcombe" not in answer and "QZ-44" not in answer and "2024" not in answer
        assert answer.startswith("Dr. [NAME] saw [NAME] on [DATE] at [PLACE] (MRN: [MRN]). The over 89-year-old")
    review = read_rows(run.stage("prepare") / PHI, PhiSpan)
    assert {one.kind for one in review} == {"name", "date", "place", "mrn", "age"}
    assert "Oldfield" not in (run.stage("prepare") / PHI).read_text()
    figures = stats(run)
    assert figures["records"] == {"clinical": 40, "with_identifiers": 40, "public": 0, "public_read": 0}
    assert figures["accepted"] == ACCEPT
    assert figures["planted"]["recall"]["mrn"]["planted"] > 0
    assert (run.stage("prepare") / PHI).stat().st_mode & 0o077 == 0


def test_surrogates_are_one_person_and_one_offset_within_a_record(tmp_path: Path) -> None:
    run = made(tmp_path, rows(), action="surrogate", accept=ACCEPT)
    import re
    from datetime import datetime

    for answer in answers(run):
        assert "Oldfield" not in answer and "Beatrix" not in answer
        first, later = (datetime.strptime(text, "%B %d, %Y") for text in re.findall(r"[A-Z][a-z]+ \d\d, \d{4}", answer))
        assert (later - first).days == 10 and first != datetime(2024, 3, 3)
        one, other = re.search(r"saw (.+?) on", answer), re.search(r"well; (.+?) returns", answer)
        assert one and other and one[1] == other[1]
        assert "over 89" in answer and "94-year" not in answer


def test_records_with_identifiers_can_be_left_out(tmp_path: Path) -> None:
    plain = [
        {"question": f"What is thing {n}?", "answer": f"Thing {n} is a made-up thing, number {n}."} for n in range(40)
    ]
    run = made(tmp_path, [*rows(5), *plain], action="reject", accept=ACCEPT)
    rejected = [row for row in read_rows(run.stage("prepare") / "rejected.jsonl", Rejected) if row.step == "phi"]
    assert len(rejected) == 5 and len(answers(run)) == 40


def test_patterns_of_the_site_count(tmp_path: Path) -> None:
    data = [
        {"question": f"What is thing {n}?", "answer": f"Thing {n} lies in Birkenstube, number {n}."} for n in range(40)
    ]
    run = made(tmp_path, data, patterns={"place": ["Birkenstube"]}, accept=ACCEPT)
    assert all("[PLACE]" in answer for answer in answers(run))


def test_a_low_recall_stops_the_clinical_profile_unless_someone_accepts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "DEFAULT", ())
    with pytest.raises(DataError, match=r"too few of the identifiers.*name 0%") as failed:
        made(tmp_path, rows())
    assert "accept: {who, why}" in failed.value.next_step
    made(tmp_path, rows(), accept=ACCEPT)


def test_a_gate_that_cannot_run_fails_the_stage(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the PHI gate cannot run") as failed:
        made(tmp_path, rows(), ner_model="no-such-model")
    assert "Oldfield" not in str(failed.value)


def test_public_records_stay_as_they_are_and_are_counted(tmp_path: Path) -> None:
    run = made(tmp_path, rows(), profile="public")
    assert all("Beatrix Oldfield" in answer for answer in answers(run))
    figures = stats(run)
    assert figures["found"]["public"]["name"] >= 40 and figures["records"]["public_read"] == 40
    assert figures["planted"]["recall"]


def test_a_gold_set_goes_through_the_gate_too(tmp_path: Path) -> None:
    plain = [
        {"question": f"What is thing {n}?", "answer": f"Thing {n} is a made-up thing, number {n}."} for n in range(40)
    ]
    for name, data in (("own", plain), ("gold", rows(3))):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in data))
    values = {"near_duplicates": "ignore", "test_file": "gold.jsonl", "phi": {"accept": ACCEPT}}
    run = prepare(recipe([{"kind": "files", "path": "own.jsonl"}], prepare=values), tmp_path)[0]
    tests = splits(run)["test"]
    assert len(tests) == 3 and not any("Oldfield" in row.messages[-1].content for row in tests)
