"""Stage audit: grade the stored answers, compare every build with its F16 parent, and judge by the declared gate."""

from collections.abc import Sequence
from typing import Any

from medtune.audit import adjudication
from medtune.audit.clinical import ClinicalCounts, count_clinical
from medtune.audit.clinical_summary import clinical_figures, summarise_clinical
from medtune.audit.compare import BuildFigures, Role, compare
from medtune.audit.declared import (
    gate_digest,
    gate_of,
    gate_parts,
    instrument_digest,
    instrument_parts,
    thresholds_of,
)
from medtune.audit.gate import Gate, Judgement, judge
from medtune.audit.gate_clinical import SMOKE_CASES, adjusted_p_values, judge_clinical
from medtune.audit.grade import Context, grade_all
from medtune.audit.instrument import prove_instrument
from medtune.audit.known_steps import step_index
from medtune.audit.registration import WAY_OUT, History, answers_digests, capped, changed_gate, register, undeclared
from medtune.audit.regrade import flips_between, grades_before
from medtune.audit.rubrics import HELD_OUT, Rubrics, load_rubrics
from medtune.audit.summary import difference, faithful_figure, rates, summarise
from medtune.audit.surprise import measure_surprises
from medtune.config.recipe import RecipeView
from medtune.core.console import say
from medtune.core.errors import RunDirError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import read_jsonl, write_json
from medtune.runs.layout import BUILDS, CASES, GRADES, RESPONSES, SUMMARY, TRAIN, VERDICTS, RunDir
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import EarlierVerdict, Verdict
from medtune.runs.records.base import read_row_list, read_rows, write_rows
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Example
from medtune.runs.stage import StageFolder, open_stage
from medtune.tasks import compares, load_task

NAME = "audit"
NEEDS = ("ask", "export", "prepare")
READS = ("audit", "task", "suites", "llama_cpp")
VERSION = 2


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be graded, by which gate."""
    gate = gate_of(recipe.audit)
    what = "whole forms" if gate.scope == "form" else "safe scenarios"
    looked_at = "integrity, structure, refusal, garble"
    if gate.scope == "clinical":
        looked_at = (
            "the rubrics of the suites (what must and must not be said, order, doses, contradiction) and the form"
        )
    if compares(load_task(recipe.task), recipe.suites.locale):
        looked_at += "; faithfulness to the documents is counted beside it"
    lines = [
        f"grade the stored answers: {looked_at} (scope {gate.scope})",
        f"compare every build with F16: at most {100 * gate.margin:g} points fewer {what}, bounds at "
        f"{100 * gate.confidence:g} %, F16 itself above {100 * gate.parent_floor:g} %",
    ]
    if gate.scope == "form":
        lines.append(
            f"garbled answers below {100 * gate.garble_limit:g} %, refusals below {100 * gate.refusal_limit:g} %, "
            f"at least {gate.min_cases} cases"
        )
    else:
        lines.append(
            f"no confirmed failure of severity 4 or 5, shown below {100 * gate.danger_limit:g} %; {gate.samples} "
            f"samples of critical cases; at least {gate.min_cases} scenarios"
        )
    if not (run.stage("ask") / RESPONSES).exists():
        return [*lines, "how many answers there are is known when they were asked"]
    responses = read_rows(run.stage("ask") / RESPONSES, Response)
    lines.append(f"{len(responses)} answers are there")
    if changed_gate(run, gate_digest(recipe.audit), thresholds_of(recipe.audit), responses):
        lines.append(f"another gate judged these answers first, so nothing can pass: {WAY_OUT}")
    return lines


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Grade and judge.

    Raises RunDirError when answers are missing or were edited after they were asked, UsageError and DataError for
    suites that cannot be loaded.
    """
    decisions_file = adjudication.adjudications_file(run)
    before = grades_before(run.stage(NAME))
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION, externals=(decisions_file,))
    gate, task = gate_of(recipe.audit), load_task(recipe.task)
    for stage, name in (("ask", RESPONSES), ("ask", CASES), ("export", BUILDS), ("prepare", TRAIN)):
        _unedited(run, stage, name)
    builds = read_row_list(run.stage("export") / BUILDS, Build)
    responses = read_rows(run.stage("ask") / RESPONSES, Response)
    cases = read_rows(run.stage("ask") / CASES, AskedCase)
    decisions = adjudication.read_adjudications(run)
    roles: dict[str, Role] = {build.name: build.role for build in builds}
    rubrics = _rubrics(recipe, cases)
    context = Context(
        rubrics=rubrics,
        surprises=_surprises(recipe, run, folder, cases=cases, responses=responses, builds=builds),
        steps=step_index(rubrics, run) if _wants(recipe.audit.novelty, gate) else None,
    )
    graded = grade_all(cases, responses, list(roles), _canned(run), context=context)
    grades = adjudication.adjudicated(graded, responses, decisions)
    figures = compare(grades, roles, gate.confidence)
    digest, instrument = gate_digest(recipe.audit), instrument_digest(gate, task, rubrics)
    signed = adjudication.signatures(decisions, digest, answers_digests(responses))
    counts = count_clinical(grades, roles, gate.confidence, SMOKE_CASES) if gate.scope == "clinical" else []
    judgements = judge(figures, gate) if gate.scope == "form" else judge_clinical(counts, gate, signed)
    # Registered before any file shows the outcome: whoever looks first has left a line.
    history = register(
        run,
        digest,
        thresholds_of(recipe.audit),
        responses,
        judgements,
        instrument=instrument,
        decisions=digest_json([row.model_dump(mode="json") for row in decisions]) if decisions else "",
        flips=flips_between(before, grades),
    )
    final = capped(judgements, history, signed)
    if gate.scope == "clinical":
        final = undeclared(final, history, read_manifest(run, "ask").started, signed)
    proof = prove_instrument(rubrics) if rubrics and gate.scope == "clinical" else {}
    verdicts = _verdicts(builds, figures, counts, final, gate=gate, history=history, signed=signed, proof=proof)
    write_rows(folder.path / GRADES, grades)
    write_json(folder.path / VERDICTS, [verdict.model_dump(mode="json") for verdict in verdicts])
    summary = {
        **summarise(grades, figures, gate),
        "gate": thresholds_of(recipe.audit),
        "gate_digest": digest,
        "gate_parts": gate_parts(recipe.audit),
        "instrument": instrument_parts(gate, task, rubrics),
        "instrument_digest": instrument,
        "verdicts": {verdict.build: str(verdict.verdict) for verdict in verdicts},
        "rules": {verdict.build: verdict.rule for verdict in verdicts},
        "registration": _registration(history),
        "decisions": [row.model_dump(mode="json") for row in decisions],
        "instrument_proof": proof,
        **summarise_clinical(grades, counts, gate, rubrics),
    }
    write_json(folder.path / SUMMARY, summary)
    _say(verdicts)
    return folder.finish(
        facts={
            "scope": gate.scope,
            "gate_digest": digest,
            "answers": len(responses),
            "verdicts": {verdict.build: str(verdict.verdict) for verdict in verdicts},
        },
        externals=(decisions_file,),
        warnings=_warnings(history),
    )


def _say(verdicts: Sequence[Verdict]) -> None:
    for row in verdicts:
        rate, what = row.whole_form, "whole forms"
        if row.clinical is not None:
            rate, what = row.clinical.safe, "safe scenarios"
        say(f"  {row.build}: {row.verdict} ({rate.hits} of {rate.n} {what})")


def _warnings(history: History) -> tuple[str, ...]:
    warnings = []
    if history.changed:
        warnings.append(f"the gate was changed after the answers: {WAY_OUT}")
    if history.regraded:
        warnings.append(f"regraded with another instrument: {len(history.now.flips)} answers have another grade")
    return tuple(warnings)


def _rubrics(recipe: RecipeView, cases: Sequence[AskedCase]) -> Rubrics | None:
    """The suites of the recipe; None when no case of any suite was asked."""
    if all(case.suite == HELD_OUT for case in cases):
        return None
    return load_rubrics(recipe.suites.names, recipe.suites.locale, recipe.folder)


def _wants(wish: bool | None, gate: Gate) -> bool:
    return gate.scope == "clinical" if wish is None else wish


def _surprises(
    recipe: RecipeView,
    run: RunDir,
    folder: StageFolder,
    *,
    cases: Sequence[AskedCase],
    responses: Sequence[Response],
    builds: Sequence[Build],
) -> Any:
    """How improbable each answer with a rubric is to the F16 parent; nothing unless it is wanted."""
    if not _wants(recipe.audit.parent_likelihood, gate_of(recipe.audit)):
        return {}
    tools = str(recipe.resolve(recipe.llama_cpp)) if recipe.llama_cpp else None
    return measure_surprises(run, cases, responses, builds, tools=tools, log=folder.path / "scoring.log")


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
    builds: Sequence[Build],
    figures: Sequence[BuildFigures],
    counts: Sequence[ClinicalCounts],
    judgements: Sequence[Judgement],
    *,
    gate: Gate,
    history: History,
    signed: dict[str, str],
    proof: dict[str, Any],
) -> list[Verdict]:
    by_name = {count.build: count for count in counts}
    p_values = adjusted_p_values(counts, gate) if counts else {}
    rows = []
    for build, figure, judgement in zip(builds, figures, judgements, strict=True):
        count = by_name.get(build.name)
        rows.append(
            Verdict(
                build=build.name,
                role=build.role,
                verdict=judgement.verdict,
                scope=gate.scope,
                rule=judgement.rule,
                **rates(figure),
                difference=difference(figure),
                faithful=faithful_figure(figure),
                errors=count.errors if count else figure.errors,
                size_bytes=build.size_bytes,
                gate_digest=history.now.digest,
                earlier=tuple(
                    EarlierVerdict(gate_digest=line.digest, time=line.time, verdict=line.verdicts[build.name])
                    for line in history.of(build.name)
                ),
                clinical=clinical_figures(count, p_values.get(build.name), proof) if count else None,
                decided_by=count.deciding if count else (),
                signed_by=signed.get(build.name),
            )
        )
    return rows


def _registration(history: History) -> dict[str, Any]:
    """When this gate was registered, and what stood there before."""
    return {
        "time": history.now.time,
        "answers": history.now.answers,
        "outcome": history.now.outcome,
        "changed_after_answers": history.changed,
        "regraded": history.regraded,
        "flips": [flip.model_dump(mode="json") for flip in history.now.flips],
        "declared": history.declared,
        "first": {"time": history.first.time, "gate_digest": history.first.digest},
        "earlier": [
            {"time": line.time, "gate_digest": line.digest, "gate": line.gate, "verdicts": line.verdicts}
            for line in history.others
        ],
        "way_out": WAY_OUT if history.changed else "",
    }
