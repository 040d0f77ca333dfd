"""Recipes with a teacher, and what a collect stage made of them."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datarun import collect, recipe

from medtune.core.io import read_json
from medtune.runs.layout import DISTILL, RECORDS, SOURCES, UNACCEPTED, RunDir
from medtune.runs.manifest import Manifest
from medtune.runs.records.base import read_row_list, read_rows
from medtune.runs.records.collect import Record, SourceFacts
from medtune.runs.records.distill import DistillFacts, Unaccepted


@dataclass(frozen=True)
class Distilled:
    """A finished collect stage with one source, a teacher's."""

    run: RunDir
    manifest: Manifest
    records: list[Record]
    unaccepted: list[Unaccepted]
    facts: DistillFacts
    source: SourceFacts


def section(base_url: str, **more: Any) -> dict[str, Any]:
    """A `distill` source that asks the server at this address; `teacher` adds to the teacher's keys."""
    teacher = {"endpoint": f"{base_url}/v1", "model": "big", "licence": "Apache-2.0", "timeout_s": 1.5}
    teacher |= more.pop("teacher", {})
    return {"kind": "distill", "task": "terminology", "teacher": teacher, **more}


def seeds(folder: Path, *questions: str, answer: str = "Some answer.", name: str = "seeds.jsonl") -> dict[str, Any]:
    """Questions in a file of the user, as a `from` value."""
    rows = [{"question": question, "answer": answer} for question in questions]
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"kind": "files", "path": name, "licence": "CC0"}


def distil(folder: Path, source: dict[str, Any], **values: Any) -> Distilled:
    """Run collect in `folder`/run with this source alone."""
    return finished(*collect(recipe([source], **values), folder))


def finished(run: RunDir, manifest: Manifest) -> Distilled:
    """Read what the stage wrote."""
    stage = run.stage("collect")
    (facts,) = read_row_list(stage / DISTILL, DistillFacts)
    (source,) = read_row_list(stage / SOURCES, SourceFacts)
    assert read_json(stage / DISTILL)[0]["source"] == source.name
    return Distilled(
        run,
        manifest,
        read_rows(stage / RECORDS, Record),
        read_rows(stage / UNACCEPTED, Unaccepted),
        facts,
        source,
    )


def accounted(made: Distilled) -> None:
    """Every row is there or is listed with its reason, and the counts say so."""
    assert made.source.rows == made.facts.rows == len(made.records) + len(made.unaccepted)
    assert made.source.kept == made.facts.accepted == len(made.records)
    assert Counter(row.reason for row in made.unaccepted) == made.source.dropped == made.facts.rejected
    ids = [row.id for row in (*made.records, *made.unaccepted)]
    assert len(set(ids)) == len(ids)
