"""Run a recipe: one stage after the other, fresh ones skipped, killed ones continued."""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from medtune.audit.declared import gate_digest, thresholds_of
from medtune.audit.registration import declare
from medtune.core.console import say
from medtune.core.errors import GateError, MedtuneError
from medtune.core.io import disk_errors, read_json
from medtune.pipeline.checks import check_before_run, describe_base
from medtune.pipeline.crash import StageCrashError
from medtune.pipeline.open import OpenRecipe, open_recipe, write_recipe
from medtune.pipeline.plan import Step, plan_run
from medtune.runs.freshness import state_of
from medtune.runs.layout import RELEASE, REPORT_HTML, RUNS_FOLDER, RunDir
from medtune.runs.lock import locked
from medtune.runs.manifest import Manifest
from medtune.runs.provenance import write_provenance
from medtune.runs.records.release import Release
from medtune.runs.stage import log_event

_SHOWN_FACTS = 6
_SHORT_CHARS = 24


@dataclass(frozen=True)
class RunResult:
    """What a run came to."""

    run: RunDir
    ran: tuple[str, ...]
    """Stages that did work, in order."""
    fresh: tuple[str, ...]
    """Stages that were skipped."""
    released: str | None
    """The released build; None when none was, or when the run stopped before that."""


def run_recipe(
    recipe_path: Path,
    overrides: tuple[str, ...] = (),
    runs_folder: Path = RUNS_FOLDER,
    *,
    from_: str | None = None,
    until: str | None = None,
    only: str | None = None,
) -> RunResult:
    """Bring a run up to date; see `plan_run` for `from_`, `until` and `only`.

    Raises MedtuneError; GateError when the release stage came to no release (the report is written before).
    """
    opened = open_recipe(recipe_path, overrides, runs_folder)
    with locked(opened.run):
        steps = plan_run(opened, from_=from_, until=until, only=only)
        say(f"{opened.recipe.name}: {_shown(opened.run.path)}")
        if any(step.will_run for step in steps):
            check_before_run(opened, tuple(step.name for step in steps if step.will_run))
            write_provenance(opened.run, str(opened.folder), overrides, describe_base(opened))
        write_recipe(opened)
        # Before the first question, and so before anybody can have seen an answer.
        declare(opened.run, gate_digest(opened.recipe.audit), thresholds_of(opened.recipe.audit))
        ran, fresh = _run_steps(opened, steps)
    return _conclude(opened, steps, ran, fresh)


def _run_steps(opened: OpenRecipe, steps: list[Step]) -> tuple[list[str], list[str]]:
    ran: list[str] = []
    fresh: list[str] = []
    for step in steps:
        state = state_of(step.stage, step.view, opened.run)  # what ran before may have given the same result as ever
        if state.fresh and not step.forced:
            say(f"{step.name}: fresh")
            fresh.append(step.name)
            continue
        say(f"{step.name}: {state.reason or 'asked to run again'}")
        began = monotonic()
        manifest = _run_step(opened, step)
        say(f"{step.name}: done in {monotonic() - began:.1f} s{_facts(manifest)}")
        for warning in manifest.warnings:
            say(f"  warning: {warning}")
        ran.append(step.name)
    return ran, fresh


def _run_step(opened: OpenRecipe, step: Step) -> Manifest:
    """Run one stage; how it failed goes to events.jsonl, without any text that may quote data."""
    try:
        with disk_errors(opened.run.partial(step.name)):
            return step.stage.run(step.view, opened.run)
    except (MedtuneError, KeyboardInterrupt) as error:
        log_event(opened.run, step.name, "failed", error=type(error).__name__)
        raise
    except Exception as error:
        log_event(opened.run, step.name, "crashed", error=type(error).__name__)
        raise StageCrashError(step.name, opened.run) from error


def _facts(manifest: Manifest) -> str:
    """The first few facts that fit on a line; digests and sentences stand in the manifest."""
    shown = [f"{key.replace('_', ' ')} {_value(value)}" for key, value in manifest.facts.items() if _is_short(value)]
    return f": {', '.join(shown[:_SHOWN_FACTS])}" if shown else ""


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and 0 < len(value) <= _SHORT_CHARS)


def _value(value: int | float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _conclude(opened: OpenRecipe, steps: list[Step], ran: list[str], fresh: list[str]) -> RunResult:
    """Say where the results are; raise GateError when nothing was released."""
    names = {step.name for step in steps}
    run, released = opened.run, None
    if "report" in names:
        say(f"report: {_shown(run.file(REPORT_HTML))}")
    if "release" in names:
        release = Release.model_validate(read_json(run.stage("release") / RELEASE))
        released = release.released
        if released is None:
            raise GateError(
                f"nothing was released: {release.reason}",
                where=str(_shown(run.file(REPORT_HTML) if "report" in names else run.path)),
                next_step=f"read the report; `medtune chat {_shown(run.path)} --build NAME` works all the same",
            )
        say(f"released: {released} ({release.verdict}, scope {release.scope})")
        say(f"talk to it: medtune chat {_shown(run.path)}")
    return RunResult(run, tuple(ran), tuple(fresh), released)


def _shown(path: Path) -> Path:
    """A path as a person would type it here."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
