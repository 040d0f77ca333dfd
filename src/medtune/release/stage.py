"""The door of release: pick a build, copy it, and write down what it is and where it comes from."""

from typing import Any

from medtune.chat.base import resolve_base
from medtune.config.recipe import RecipeView
from medtune.core.console import say
from medtune.core.errors import MedtuneError
from medtune.core.io import write_json
from medtune.release.facts import digests, read_facts
from medtune.release.package import Subject, write_package, write_sums
from medtune.release.pick import Choice, pick
from medtune.runs.layout import RELEASE, RESUME, VERDICTS, RunDir, gguf_name
from medtune.runs.manifest import Manifest
from medtune.runs.records.audit import Verdict
from medtune.runs.records.base import read_row_list
from medtune.runs.records.export import Build
from medtune.runs.records.release import Release
from medtune.runs.stage import open_stage
from medtune.tasks import load_task

NAME = "release"
COVERS = (
    "the GGUF with this sha256, served with these settings. It says nothing of another quantization, of the merged "
    "safetensors, or of another server"
)
_FIGURES = {"verdict", "whole_form", "garble", "refusal", "cut_off", "difference", "clinical", "size_bytes"}
NEEDS = ("collect", "prepare", "train", "export", "ask", "audit")
READS = ("release", "task", "base", "description")
VERSION = 3


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """Which build would be released, as far as the verdicts are known."""
    prefer = recipe.release.prefer
    rule = f"release the build with the highest verdict class; among equals: {prefer}"
    path = run.stage("audit") / VERDICTS
    if not path.exists():
        return [rule, "nothing is released if no build passes the gate (exit code 3)"]
    try:
        choice = pick(read_row_list(path, Verdict), prefer)
    except MedtuneError:
        return [rule, "the verdicts of the last audit cannot be read"]
    now = f"{choice.verdict.build}: {choice.reason}" if choice.verdict else f"nothing: {choice.reason}"
    return [rule, f"by the verdicts of the last audit that is {now}"]


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Write the release folder. It is finished also when nothing may be released: then it says why.

    Raises RunDirError when a GGUF is gone or no longer the one that was asked and audited.
    """
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION)
    for left in folder.path.iterdir():
        # Copying takes seconds: what a killed run left is not worth continuing.
        if left.name != RESUME:
            left.unlink()
    facts = read_facts(run)
    base = resolve_base(recipe.base, recipe.resolve)
    subject = Subject(recipe.name, recipe.description, facts, base, load_task(recipe.task))
    choice = pick(facts.verdicts, recipe.release.prefer)
    texts = {}
    if choice.verdict is not None:
        texts = write_package(folder.path, run, subject, choice.verdict, choice.reason)
    row = _release(subject, choice, texts)
    write_json(folder.path / RELEASE, row.model_dump(mode="json"))
    write_sums(folder.path)
    say(
        f"  released: {row.file} ({row.verdict}; {row.reason})" if row.released else f"  nothing released: {row.reason}"
    )
    return folder.finish(
        facts={
            "released": row.released,
            "verdict": row.verdict,
            "scope": row.scope,
            "file": row.file,
            "reason": row.reason,
        }
    )


def _release(subject: Subject, choice: Choice, texts: dict[str, str]) -> Release:
    facts, chosen = subject.facts, choice.verdict
    build = facts.builds[chosen.build] if chosen else None
    return Release(
        name=subject.name,
        released=build.name if build else None,
        verdict=str(chosen.verdict) if chosen else None,
        scope=str(facts.setting("audit", "audit", "scope")),
        reason=choice.reason,
        file=gguf_name(subject.name, build.name) if build else None,
        sha256=build.sha256 if build else None,
        files=texts,
        digests=digests(
            facts,
            base_name=subject.base.name,
            base_digest=subject.base.digest,
            task_digest=subject.task.digest,
        ),
        rejected=tuple(
            {
                "build": verdict.build,
                "verdict": str(verdict.verdict),
                "reason": verdict.rule,
                "passed": verdict.role != "base" and verdict.verdict.releasable,
            }
            for verdict in facts.verdicts
            if verdict != chosen
        ),
        tools={stage: manifest.tools for stage, manifest in facts.manifests.items() if manifest.tools},
        task=subject.task.name,
        build=_described(build) if build else {},
        served={"task": subject.task.decoding.model_dump(mode="json"), **facts.served(build.name)} if build else {},
        made_with=facts.made_with,
        adjudications=facts.adjudications,
        sign_off=chosen.signed_by if chosen else None,
        figures={verdict.build: verdict.model_dump(mode="json", include=_FIGURES) for verdict in facts.verdicts},
        covers=COVERS if build else "",
    )


def _described(build: Build) -> dict[str, Any]:
    return build.model_dump(
        mode="json", include={"name", "quantization", "size_bytes", "tensor_types", "types_bytes", "imatrix"}
    )
