"""What a release must know about its run, read from the run's files only."""

from dataclasses import dataclass
from typing import Any

from medtune.core.errors import RunDirError
from medtune.core.hashing import sha256_file
from medtune.core.io import read_json, read_jsonl
from medtune.runs.layout import (
    ADAPTER,
    ADJUDICATIONS,
    ASKED,
    BUILDS,
    CANARY,
    CASES,
    FIDELITY,
    GRADES,
    MERGED,
    PARITY,
    PROVENANCE,
    RECIPE,
    RESPONSES,
    SOURCES,
    STATS,
    SUMMARY,
    TEST,
    TRAIN,
    TRAINING,
    VALIDATION,
    VERDICTS,
    RunDir,
)
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.audit import Verdict
from medtune.runs.records.base import read_row_list, read_rows
from medtune.runs.records.collect import SourceFacts
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Example

STAGES = ("collect", "prepare", "train", "export", "ask", "audit")
"""The stages that a release stands on, in order."""

_RESTS_ON = (("audit", VERDICTS), ("audit", SUMMARY), ("export", BUILDS), ("ask", ASKED), ("collect", SOURCES))
"""Files that decide what is released and what is said of it: they must be what their stage wrote."""


@dataclass(frozen=True)
class RunFacts:
    """Everything that model card, Modelfile and release.json say about a run."""

    manifests: dict[str, Manifest]
    recipe_sha256: str | None
    sources: tuple[SourceFacts, ...]
    splits: dict[str, int]
    """Examples of each split."""
    split_licences: dict[str, int]
    """Training examples under each licence."""
    phi: dict[str, Any]
    """What the PHI gate did and how it measured itself, as stats.json has it; empty in runs without one."""
    builds: dict[str, Build]
    verdicts: tuple[Verdict, ...]
    training: dict[str, Any]
    """training.json as it is."""
    asked: dict[str, Any]
    """asked.json as it is."""
    summary: dict[str, Any]
    """The audit's summary.json as it is."""
    parity: dict[str, Any]
    fidelity: dict[str, Any]
    canary: dict[str, Any]
    """The export's evidence as it is; empty where nothing was measured."""
    made_with: dict[str, Any]
    """Versions and system of provenance.json; nothing of the machine's names."""
    adjudications: dict[str, Any]
    """How many decisions of persons there are, and the sha256 of their file; empty without one."""

    def served(self, build: str) -> dict[str, Any]:
        """How a build was asked: backend, decoding, context and the server's flags."""
        asked = self.asked
        values = {key: asked[key] for key in ("llama_cpp", "decoding", "sampling", "context", "slots") if key in asked}
        row = asked.get("builds", {}).get(build)
        return values | ({"flags": row["flags"]} if isinstance(row, dict) and "flags" in row else {})

    def setting(self, stage: str, section: str, key: str) -> Any:
        """A value of the recipe as the stage saw it; None when it saw none."""
        value = self.manifests[stage].reads.get(section)
        return value.get(key) if isinstance(value, dict) else None

    def file_digests(self, stage: str) -> dict[str, str]:
        """sha256 of every file of a stage."""
        return {entry.path: entry.sha256 for entry in self.manifests[stage].files}

    def files_below(self, stage: str, folder: str) -> dict[str, str]:
        """sha256 of every file of a stage below a folder of it."""
        entries = self.manifests[stage].files
        return {entry.path: entry.sha256 for entry in entries if entry.path.startswith(f"{folder}/")}


def _phi(run: RunDir) -> dict[str, Any]:
    file = run.stage("prepare") / STATS
    found = _object(file).get("phi") if file.is_file() else None
    return found if isinstance(found, dict) else {}


def read_facts(run: RunDir) -> RunFacts:
    """Read the run. Raises RunDirError when a stage is missing, or one of its files cannot be used or was edited."""
    manifests = {stage: read_manifest(run, stage) for stage in STAGES}
    for stage, name in _RESTS_ON:
        _require_unedited(run, manifests[stage], name)
    for name in (PARITY, FIDELITY, CANARY):
        if (run.stage("export") / name).is_file():
            _require_unedited(run, manifests["export"], name)
    prepare, export, audit = run.stage("prepare"), run.stage("export"), run.stage("audit")
    train_rows = read_rows(prepare / TRAIN, Example)
    licences: dict[str, int] = {}
    for row in train_rows:
        licences[row.licence] = licences.get(row.licence, 0) + 1
    recipe = run.file(RECIPE)
    return RunFacts(
        manifests=manifests,
        recipe_sha256=sha256_file(recipe) if recipe.exists() else None,
        sources=tuple(read_row_list(run.stage("collect") / SOURCES, SourceFacts)),
        splits={
            "train": len(train_rows),
            "validation": len(read_rows(prepare / VALIDATION, Example)),
            "test": len(read_rows(prepare / TEST, Example)),
        },
        split_licences=dict(sorted(licences.items())),
        phi=_phi(run),
        builds={build.name: build for build in read_row_list(export / BUILDS, Build)},
        verdicts=tuple(read_row_list(audit / VERDICTS, Verdict)),
        training=_object(run.stage("train") / TRAINING),
        asked=_object(run.stage("ask") / ASKED),
        summary=_object(audit / SUMMARY),
        parity=_object(export / PARITY),
        fidelity=_object(export / FIDELITY),
        canary=_object(export / CANARY),
        made_with=_made_with(run),
        adjudications=_adjudications(run),
    )


def _made_with(run: RunDir) -> dict[str, Any]:
    found = _object(run.file(PROVENANCE))
    return {key: found[key] for key in ("medtune", "python", "packages", "system") if key in found}


def _adjudications(run: RunDir) -> dict[str, Any]:
    path = run.file(ADJUDICATIONS)
    return {"decisions": len(list(read_jsonl(path))), "sha256": sha256_file(path)} if path.is_file() else {}


def digests(facts: RunFacts, *, base_name: str, base_digest: str, task_digest: str) -> dict[str, Any]:
    """Every digest from the release back to the raw data."""
    return {
        "recipe": facts.recipe_sha256,
        "sources": [{"name": source.name, "sha256": source.sha256} for source in facts.sources],
        "collected": facts.file_digests("collect"),
        "prepared": facts.file_digests("prepare"),
        "stages": {stage: manifest.digest for stage, manifest in facts.manifests.items()},
        "base": {"name": base_name, "digest": base_digest},
        "task": task_digest,
        "adapter": facts.files_below("train", ADAPTER),
        "merged": facts.files_below("export", MERGED),
        "builds": {name: build.sha256 for name, build in facts.builds.items()},
        "imatrix": {name: build.imatrix for name, build in facts.builds.items() if build.imatrix},
        "evidence": {
            name: entry for name, entry in facts.file_digests("export").items() if name in (PARITY, FIDELITY, CANARY)
        },
        "answers": {name: entry for name, entry in facts.file_digests("ask").items() if name in (CASES, RESPONSES)},
        "grades": {
            name: entry for name, entry in facts.file_digests("audit").items() if name in (GRADES, SUMMARY, VERDICTS)
        },
        "gate": sorted({verdict.gate_digest for verdict in facts.verdicts}),
        "suites": {name: suite["digest"] for name, suite in facts.asked.get("suites", {}).items() if "digest" in suite},
        "toolchain": {stage: facts.manifests[stage].tools for stage in ("export", "ask")},
    }


def _require_unedited(run: RunDir, manifest: Manifest, name: str) -> None:
    path = run.stage(manifest.stage) / name
    written = next((entry.sha256 for entry in manifest.files if entry.path == name), None)
    if written is None or not path.is_file() or sha256_file(path) != written:
        raise RunDirError(
            f"{name} was edited after stage {manifest.stage} wrote it: nothing is released on its word",
            where=str(path),
            next_step=f"make it again: `medtune run RECIPE --from {manifest.stage}`",
        )


def _object(path: Any) -> dict[str, Any]:
    value = read_json(path) if path.exists() else {}
    return value if isinstance(value, dict) else {}
