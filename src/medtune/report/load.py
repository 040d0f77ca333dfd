"""Read a run's files once, as they are."""

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from medtune.core.errors import RunDirError
from medtune.core.io import read_json, read_jsonl, read_text
from medtune.runs.layout import (
    ASKED,
    BUILDS,
    CANARY,
    CASES,
    DISTILL,
    FIDELITY,
    GRADES,
    METRICS,
    PARITY,
    PROVENANCE,
    RECIPE,
    REGISTRATIONS,
    REJECTED,
    RELEASE,
    RESPONSES,
    SOURCES,
    STATS,
    SUMMARY,
    TRAINING,
    VERDICTS,
    RunDir,
)
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import Grade, Verdict
from medtune.runs.records.base import iter_rows, read_row_list, read_rows
from medtune.runs.records.collect import SourceFacts
from medtune.runs.records.distill import DistillFacts
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import LENGTH_CUTS, Rejected
from medtune.runs.records.release import Release
from medtune.runs.records.train import Metric

STAGES = ("collect", "prepare", "train", "export", "ask", "audit", "release")
LISTED = 500
"""So many cut rows are named in the report, at most."""
_COUNTED = ("rows", "topics", "tokens", "sources", "licences", "converters")
"""What the report needs of stats.json."""
HELD_OUT = "held-out"
"""Suite name of the cases that come from the test split."""


@dataclass(frozen=True)
class Loaded:
    """Every file of a run that the report reads."""

    manifests: dict[str, Manifest]
    sources: list[SourceFacts]
    distilled: list[DistillFacts]
    """What teachers were asked; empty in a run without one."""
    stats: dict[str, Any]
    """Counts over the examples: a run may have millions, and the report reads none of them."""
    cut: list[Rejected]
    """Rows that a length limit cut, the first LISTED."""
    more_cut: int
    """How many more of them stand in rejected.jsonl."""
    metrics: list[Metric]
    training: dict[str, Any]
    builds: list[Build]
    parity: dict[str, Any]
    fidelity: dict[str, Any]
    canary: dict[str, Any]
    """The three files of the export's evidence; empty where nothing was measured."""
    cases: dict[str, AskedCase]
    responses: dict[tuple[str, str], Response]
    """By (case, build); the greedy answers."""
    asked: dict[str, Any]
    grades: dict[tuple[str, str], Grade]
    """By (case, build)."""
    all_responses: dict[tuple[str, str, int], Response]
    """By (case, build, sample): samples of critical cases, too."""
    all_grades: dict[tuple[str, str, int], Grade]
    summary: dict[str, Any]
    verdicts: list[Verdict]
    release: Release
    registrations: list[dict[str, Any]]
    provenance: dict[str, Any]
    recipe: str

    @cached_property
    def shown_build(self) -> str:
        """The build whose answers stand for the tuned model: the released one, else the F16 parent."""
        parents = [build.name for build in self.builds if build.role == "parent"]
        return self.release.released or (parents[0] if parents else "")

    @cached_property
    def base_build(self) -> str:
        """The untuned base; empty when it was not built."""
        return next((build.name for build in self.builds if build.role == "base"), "")

    def section(self, stage: str, key: str) -> dict[str, Any]:
        """A section of the recipe as a stage saw it."""
        value = self.manifests[stage].reads.get(key)
        return value if isinstance(value, dict) else {}


def load(run: RunDir) -> Loaded:
    """Read everything. Raises RunDirError when a stage has not run or a row does not fit, DataError for a bad file."""
    collect, prepare, train = run.stage("collect"), run.stage("prepare"), run.stage("train")
    ask, audit = run.stage("ask"), run.stage("audit")
    manifests = {stage: read_manifest(run, stage) for stage in STAGES}
    cut, more_cut = _cut(prepare / REJECTED)
    responses, grades = read_rows(ask / RESPONSES, Response), read_rows(audit / GRADES, Grade)
    return Loaded(
        manifests=manifests,
        sources=read_row_list(collect / SOURCES, SourceFacts),
        distilled=read_row_list(collect / DISTILL, DistillFacts) if (collect / DISTILL).exists() else [],
        stats=_stats(prepare / STATS),
        cut=cut,
        more_cut=more_cut,
        metrics=read_rows(train / METRICS, Metric),
        training=_object(train / TRAINING),
        builds=read_row_list(run.stage("export") / BUILDS, Build),
        parity=_object(run.stage("export") / PARITY),
        fidelity=_object(run.stage("export") / FIDELITY),
        canary=_object(run.stage("export") / CANARY),
        cases={case.id: case for case in read_rows(ask / CASES, AskedCase)},
        responses={(row.case, row.build): row for row in responses if row.sample == 0},
        asked=_object(ask / ASKED),
        grades={(row.case, row.build): row for row in grades if row.sample == 0},
        all_responses={(row.case, row.build, row.sample): row for row in responses},
        all_grades={(row.case, row.build, row.sample): row for row in grades},
        summary=_object(audit / SUMMARY),
        verdicts=read_row_list(audit / VERDICTS, Verdict),
        release=Release.model_validate(read_json(run.stage("release") / RELEASE)),
        registrations=_rows(run.file(REGISTRATIONS)),
        provenance=_object(run.file(PROVENANCE)),
        recipe=read_text(run.file(RECIPE)) if run.file(RECIPE).exists() else "",
    )


def _stats(path: Path) -> dict[str, Any]:
    stats = _object(path)
    if missing := [key for key in _COUNTED if key not in stats]:
        raise RunDirError(
            f"{path.name} counts no {', '.join(missing)}: another version of medtune wrote it",
            where=str(path),
            next_step="make it again: `medtune run RECIPE --from prepare`",
        )
    return stats


def _cut(path: Path) -> tuple[list[Rejected], int]:
    """Rows that a length limit cut, the first of them, and how many more there are."""
    found = (row for row in iter_rows(path, Rejected) if row.reason in LENGTH_CUTS)
    return list(islice(found, LISTED)), sum(1 for _ in found)


def _object(path: Path) -> dict[str, Any]:
    value = read_json(path) if path.exists() else {}
    return value if isinstance(value, dict) else {}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [value for _, value in read_jsonl(path) if isinstance(value, dict)] if path.exists() else []
