"""A suite recipe in `run`, `run --dry-run` and `validate`: the same for each of its models, and one table."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from medtune.pipeline.suite import SuiteResult


def run_whole_suite(
    recipe: Path, overrides: tuple[str, ...], runs_folder: Path, from_: str | None, until: str | None
) -> None:
    """Run every model, then say what was released. Raises MedtuneError; GateError when a model is missing."""
    from medtune.pipeline.suite import run_suite

    result = run_suite(recipe, overrides, runs_folder, from_=from_, until=until)
    _show(result)
    result.check()


def plan_suite(
    recipe: Path, overrides: tuple[str, ...], runs_folder: Path, from_: str | None, until: str | None
) -> None:
    """Say what the run of each model would do; nothing is written."""
    from medtune.cli.dry_run import show_plan
    from medtune.pipeline.suite import open_suite

    suite = open_suite(recipe, overrides, runs_folder)
    for number, member in enumerate(suite.members):
        click.echo(("\n\n" if number else "") + f"{suite.recipe.suite.name}, model {number + 1}:")
        show_plan(member.recipe, member.overrides, suite.folder, from_, until)


def validate_suite(recipe: Path, overrides: tuple[str, ...]) -> None:
    """Check every model's recipe and what it names. Raises UsageError that lists the models with a problem."""
    from medtune.cli.validate import check_recipe
    from medtune.core.errors import MedtuneError, UsageError
    from medtune.pipeline.suite import open_suite

    suite = open_suite(recipe, overrides)
    found = []
    for member in suite.members:
        try:
            check_recipe(member.recipe, member.opened)
        except MedtuneError as error:
            found.append(f"- {member.name}: {error}")
    if found:
        text = "\n".join(found)
        raise UsageError(f"{len(found)} of the suite's recipes cannot be used:\n{text}", next_step="mend these")
    click.echo(f"{recipe}: a valid suite recipe named {suite.recipe.suite.name}, {len(suite.members)} models")


def _show(result: "SuiteResult") -> None:
    """One line per model; nothing when the runs stopped before their release."""
    from medtune.runs.layout import SUITE_HTML
    from medtune.tasks import FORM_ONLY_NOTE

    if result.release is None:
        return
    models = result.release.models
    width = max(len("model"), *(len(model.name) for model in models))
    click.echo(f"\n{'model':<{width}}  {'task':<24}  {'verdict':<16}  build")
    for model in models:
        verdict = model.verdict if model.state == "released" else model.state
        click.echo(f"{model.name:<{width}}  {model.task:<24}  {verdict or '':<16}  {model.build or '-'}")
    if any(model.scope == "form" for model in models):
        click.echo(f"\n{FORM_ONLY_NOTE}")
    click.echo(f"\nsuite: {result.folder / SUITE_HTML}")
