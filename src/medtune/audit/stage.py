"""Stage audit: grade the stored answers, compare every build with its F16 parent, and judge by the declared gate."""

from typing import Any, Literal

from medtune.audit.compare import BuildFigures, Role, compare
from medtune.audit.declared import gate_digest, gate_of, gate_parts
from medtune.audit.gate import Judgement, judge
from medtune.audit.grade import grade_all
from medtune.audit.registration import WAY_OUT, History, capped, changed_gate, register
from medtune.audit.summary import difference, rates, summarise
from medtune.config.recipe import RecipeView
from medtune.core.console import say
from medtune.core.errors import RunDirError
from medtune.core.hashing import sha256_file
from medtune.core.io import read_jsonl, write_json
from medtune.runs.layout import BUILDS, CASES, GRADES, RESPONSES, SUMMARY, TRAIN, VERDICTS, RunDir
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import EarlierVerdict, Verdict
from medtune.runs.records.base import read_row_list, read_rows, write_rows
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage
from medtune.tasks import load_task

NAME = "audit"
NEEDS = ("ask", "export", "prepare")
READS = ("audit", "task")
VERSION = 1


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be graded, by which gate."""
    gate = gate_of(recipe.audit)
    lines = [
        f"grade the stored answers: integrity, structure, refusal, garble (scope {gate.scope})",
        f"compare every build with F16: at most {100 * gate.margin:g} points fewer whole forms, bounds at "
        f"{100 * gate.confidence:g} %, F16 itself above {100 * gate.parent_floor:g} %",
        f"garbled answers below {100 * gate.garble_limit:g} %, refusals below {100 * gate.refusal_limit:g} %, "
        f"at least {gate.min_cases} cases",
    ]
    if not (run.stage("ask") / RESPONSES).exists():
        return [*lines, "how many answers there are is known when they were asked"]
    responses = read_rows(run.stage("ask") / RESPONSES, Response)
    lines.append(f"{len(responses)} answers are there")
    if changed_gate(run, gate_digest(gate, load_task(recipe.task)), responses):
        lines.append(f"another gate judged these answers first, so nothing can pass: {WAY_OUT}")
    return lines


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Grade and judge. Raises RunDirError when answers are missing or were edited after they were asked."""
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION)
    gate, task = gate_of(recipe.audit), load_task(recipe.task)
    for stage, name in (("ask", RESPONSES), ("ask", CASES), ("export", BUILDS), ("prepare", TRAIN)):
        _unedited(run, stage, name)
    builds = read_row_list(run.stage("export") / BUILDS, Build)
    responses = read_rows(run.stage("ask") / RESPONSES, Response)
    cases = read_rows(run.stage("ask") / CASES, AskedCase)
    roles: dict[str, Role] = {build.name: build.role for build in builds}
    grades = grade_all(cases, responses, list(roles), _canned(run))
    figures = compare(grades, roles, gate.confidence)
    judgements = judge(figures, gate)
    digest = gate_digest(gate, task)
    # Registered before any file shows the outcome: whoever looks first has left a line.
    history = register(run, digest, recipe.audit.gate.model_dump(mode="json"), responses, judgements)
    final = capped(judgements, history)
    verdicts = _verdicts(builds, figures, final, gate.scope, history)
    write_rows(folder.path / GRADES, grades)
    write_json(folder.path / VERDICTS, [verdict.model_dump(mode="json") for verdict in verdicts])
    write_json(
        folder.path / SUMMARY,
        {
            **summarise(grades, figures, gate),
            "gate": recipe.audit.gate.model_dump(mode="json"),
            "gate_digest": digest,
            "gate_parts": gate_parts(gate, task),
            "verdicts": {verdict.build: str(verdict.verdict) for verdict in verdicts},
            "rules": {verdict.build: verdict.rule for verdict in verdicts},
            "registration": _registration(history),
        },
    )
    for verdict in verdicts:
        say(f"  {verdict.build}: {verdict.verdict} ({verdict.whole_form.hits} of {verdict.whole_form.n} whole forms)")
    return folder.finish(
        facts={
            "scope": gate.scope,
            "gate_digest": digest,
            "answers": len(responses),
            "verdicts": {verdict.build: str(verdict.verdict) for verdict in verdicts},
        },
        warnings=(f"the gate was changed after the answers: {WAY_OUT}",) if history.changed else (),
    )


def _unedited(run: RunDir, stage: str, name: str) -> None:
    """Raise RunDirError unless a file of an earlier stage is what that stage wrote."""
    path = run.stage(stage) / name
    try:
        written = read_manifest(run, stage).file(name).sha256
    except KeyError:
        written = ""
    if not path.exists() or sha256_file(path) != written:
        what = "is gone" if not path.exists() else "was edited after it was written"
        raise RunDirError(
            f"{name} {what}: verdicts about it would be about nothing",
            where=str(path),
            next_step=f"restore it, or make it again: `medtune run RECIPE --from {stage}`",
        )


def _canned(run: RunDir) -> tuple[str, ...]:
    """The distinct refusals that the model was trained on; only their rows are read in full."""
    rows = (value for _, value in read_jsonl(run.stage("prepare") / TRAIN) if value.get("converter") == "refusal")
    return tuple(sorted({Example.model_validate(row).messages[-1].content for row in rows}))


def _verdicts(
    builds: list[Build],
    figures: list[BuildFigures],
    judgements: list[Judgement],
    scope: Literal["form"],
    history: History,
) -> list[Verdict]:
    return [
        Verdict(
            build=build.name,
            role=build.role,
            verdict=judgement.verdict,
            scope=scope,
            rule=judgement.rule,
            **rates(figure),
            difference=difference(figure),
            errors=figure.errors,
            size_bytes=build.size_bytes,
            gate_digest=history.now.digest,
            earlier=tuple(
                EarlierVerdict(gate_digest=line.digest, time=line.time, verdict=line.verdicts[build.name])
                for line in history.of(build.name)
            ),
        )
        for build, figure, judgement in zip(builds, figures, judgements, strict=True)
    ]


def _registration(history: History) -> dict[str, Any]:
    """When this gate was registered, and what stood there before."""
    return {
        "time": history.now.time,
        "answers": history.now.answers,
        "outcome": history.now.outcome,
        "changed_after_answers": history.changed,
        "first": {"time": history.first.time, "gate_digest": history.first.digest},
        "earlier": [
            {"time": line.time, "gate_digest": line.digest, "gate": line.gate, "verdicts": line.verdicts}
            for line in history.others
        ],
        "way_out": WAY_OUT if history.changed else "",
    }
