"""Run a suite recipe: the runs of its models one after the other, and one manifest of what was released."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from medtune.config.suite import SuiteRecipe, load_suite_recipe, overrides_of
from medtune.core.console import say
from medtune.core.errors import GateError, MedtuneError, RecipeError
from medtune.core.io import write_text
from medtune.pipeline.checks import check_before_run
from medtune.pipeline.open import OpenRecipe, open_recipe
from medtune.pipeline.plan import plan_run
from medtune.pipeline.run import run_recipe
from medtune.pipeline.suite_needs import check_disk
from medtune.pipeline.suite_release import write_suite_release
from medtune.runs.layout import RUNS_FOLDER, SUITE_HTML, SUITE_RECIPE, RunDir
from medtune.runs.lock import locked
from medtune.runs.records.suite import SuiteRelease


@dataclass(frozen=True)
class SuiteMember:
    """One model of a suite: where its recipe lies, what was set for it, and its checked recipe."""

    recipe: Path
    overrides: tuple[str, ...]
    opened: OpenRecipe

    @property
    def name(self) -> str:
        """Name of the model's recipe."""
        return self.opened.recipe.name


@dataclass(frozen=True)
class OpenSuite:
    """A checked suite recipe with its models; `folder` holds their run directories."""

    recipe: SuiteRecipe
    folder: Path
    members: tuple[SuiteMember, ...]


@dataclass(frozen=True)
class SuiteResult:
    """What a suite came to."""

    folder: Path
    release: SuiteRelease | None
    """None when the runs were told to stop before their release."""
    failures: tuple[MedtuneError, ...]
    """Why runs ended before their release, in the order of the models."""

    def check(self) -> None:
        """Raise the first failure, else GateError when a model of the suite is missing."""
        if self.failures:
            raise self.failures[0]
        missing = [model.name for model in self.release.models if model.state != "released"] if self.release else []
        if missing:
            raise GateError(
                f"the suite is not complete: nothing was released of {', '.join(missing)}",
                where=str(self.folder / SUITE_HTML),
                next_step="read the reports that the page links to",
            )


def open_suite(path: Path, overrides: tuple[str, ...] = (), runs_folder: Path = RUNS_FOLDER) -> OpenSuite:
    """Read a suite recipe and the recipes that it names; touches nothing.

    An override counts for every model, `MODEL:a.b=c` for one. Raises RecipeError, DataError and RunDirError.
    """
    recipe = load_suite_recipe(path)
    common, own = overrides_of(overrides)
    folder = (runs_folder / recipe.suite.name).absolute()
    members = []
    for file in recipe.suite.models:
        member = path.absolute().parent / file
        name = open_recipe(member, common, folder).recipe.name
        settings = (*common, *own.get(name, ()))
        members.append(SuiteMember(member, settings, open_recipe(member, settings, folder)))
    _check_names(path, [member.name for member in members], own)
    return OpenSuite(recipe, folder, tuple(members))


def run_suite(
    path: Path,
    overrides: tuple[str, ...] = (),
    runs_folder: Path = RUNS_FOLDER,
    *,
    from_: str | None = None,
    until: str | None = None,
) -> SuiteResult:
    """Bring the run of every model up to date; one that fails or passes no gate does not keep the others from theirs.

    Raises MedtuneError for what can be known before the first run; what came later stands in the result, whose
    `check()` raises it.
    """
    suite = open_suite(path, overrides, runs_folder)
    with locked(RunDir(suite.folder)):
        releases = _check_all(suite, from_, until)
        write_text(suite.folder / SUITE_RECIPE, _recipe_text(suite, path))
        failures: dict[str, MedtuneError] = {}
        for member in suite.members:
            say(f"\n{suite.recipe.suite.name}: {member.name}")
            try:
                run_recipe(member.recipe, member.overrides, suite.folder, from_=from_, until=until)
            except GateError as error:
                say(f"{member.name}: {error.what}")
            except MedtuneError as error:
                say(f"{member.name}: {error}")
                failures[member.name] = error
        release = None
        if releases:
            tasks = {member.name: member.opened.recipe.task for member in suite.members}
            release = write_suite_release(suite.folder, suite.recipe.suite, tasks, failures)
    return SuiteResult(suite.folder, release, tuple(failures.values()))


def _check_all(suite: OpenSuite, from_: str | None, until: str | None) -> bool:
    """Raise the first problem of any model before the first one trains; True when the runs end in a release."""
    releases = False
    exporting = []
    for member in suite.members:
        steps = plan_run(member.opened, from_=from_, until=until)
        running = tuple(step.name for step in steps if step.will_run)
        check_before_run(member.opened, running)
        exporting += [member.opened] if "export" in running else []
        releases = "release" in {step.name for step in steps}
    check_disk(suite.folder, exporting)
    return releases


def _check_names(path: Path, names: Sequence[str], named: Collection[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(
            f"two models of this suite are named {twice[0]}, and a run directory belongs to one recipe",
            where=str(path),
            next_step="give each recipe a `name` of its own",
        )
    if unknown := sorted(set(named) - set(names)):
        raise RecipeError(
            f"--set names {unknown[0]}, which is no model of this suite",
            where=str(path),
            next_step=f"use one of {', '.join(names)}",
        )


def _recipe_text(suite: OpenSuite, path: Path) -> str:
    values = suite.recipe.model_dump(mode="json")
    head = f"# The suite recipe {path.name} of this folder; the recipe of each model stands in its run directory.\n"
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)
