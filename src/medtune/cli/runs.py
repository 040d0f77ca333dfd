"""Find a run by its name or path, and a build in it."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from medtune.config.load import load_recipe
from medtune.core.errors import RunDirError, UsageError
from medtune.core.io import read_json
from medtune.pipeline.open import is_run
from medtune.runs.layout import BUILDS, RECIPE, RELEASE, VERDICTS, RunDir, is_suite_folder
from medtune.runs.records.audit import Verdict
from medtune.runs.records.base import read_row_list
from medtune.runs.records.export import Build
from medtune.runs.records.release import Release
from medtune.tasks import Task, load_task


@dataclass(frozen=True)
class ChosenBuild:
    """A build that can be asked."""

    run: RunDir
    name: str
    """Name of the recipe."""
    build: Build
    file: Path
    verdict: str
    """Verdict of the audit, or `not audited`."""
    task: Task


def known_runs(runs_folder: Path) -> list[RunDir]:
    """Every run directory in a folder, those of suites among them, sorted by name."""
    if not runs_folder.is_dir():
        return []
    found: list[RunDir] = []
    for path in sorted(runs_folder.iterdir()):
        if path.is_dir() and is_run(RunDir(path)):
            found.append(RunDir(path))
        elif is_suite_folder(path):
            found += known_runs(path)
    return found


def shown_name(run: RunDir, runs_folder: Path) -> str:
    """The name by which a person finds a run of `known_runs`: its folder's, or SUITE/MODEL."""
    return run.path.relative_to(runs_folder).as_posix()


def find_run(name: str, runs_folder: Path) -> RunDir:
    """A run by path or by its name in `runs_folder`. Raises RunDirError that lists the known ones."""
    for path in (Path(name), runs_folder / name):
        if path.is_dir() and is_run(RunDir(path)):
            return RunDir(path.absolute())
    known = [shown_name(run, runs_folder) for run in known_runs(runs_folder)]
    for path in (Path(name), runs_folder / name):
        if is_suite_folder(path):
            inside = ", ".join((path / run.path.name).as_posix() for run in known_runs(path))
            raise RunDirError(
                f"{name} is a suite of several models", where=str(path), next_step=f"name the run of one: {inside}"
            )
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise RunDirError(
        f"there is no run {name!r}",
        where=str(runs_folder.absolute()),
        next_step=hint + (f"known runs: {', '.join(known)}" if known else "start one with `medtune run RECIPE`"),
    )


def read_builds(run: RunDir) -> list[Build]:
    """The builds of a run. Raises RunDirError before the export."""
    file = run.stage("export") / BUILDS
    if not file.is_file():
        raise RunDirError(
            "this run has no exported builds yet", where=str(run.path), next_step="`medtune run` its recipe to the end"
        )
    return read_row_list(file, Build)


def read_verdicts(run: RunDir) -> list[Verdict]:
    """The verdicts of a run; empty before the audit."""
    file = run.stage("audit") / VERDICTS
    return read_row_list(file, Verdict) if file.is_file() else []


def read_release(run: RunDir) -> Release | None:
    """What was released; None before the release stage."""
    file = run.stage("release") / RELEASE
    return Release.model_validate(read_json(file)) if file.is_file() else None


def choose_build(run: RunDir, wanted: str | None) -> ChosenBuild:
    """The released build, or the one named. Raises UsageError when nothing was released or there is no such build."""
    recipe = load_recipe(run.file(RECIPE))
    builds = {build.name: build for build in read_builds(run)}
    release = read_release(run)
    name = wanted or (release.released if release else None)
    if name is None:
        why = "nothing was released" if release else "this run has not come to a release"
        raise UsageError(
            f"{why}, so there is no build to talk to",
            where=str(run.path),
            next_step=f"name one with --build: {', '.join(builds)}",
        )
    if name not in builds:
        raise UsageError(
            f"there is no build {name!r} in this run", where=str(run.path), next_step=f"use one of {', '.join(builds)}"
        )
    verdicts = {verdict.build: verdict.verdict.value for verdict in read_verdicts(run)}
    file = run.stage("export") / builds[name].file
    if wanted is None and release and release.file:
        file = run.stage("release") / release.file
    return ChosenBuild(
        run=run,
        name=recipe.name,
        build=builds[name],
        file=file,
        verdict=verdicts.get(name, "not audited"),
        task=load_task(recipe.task),
    )
