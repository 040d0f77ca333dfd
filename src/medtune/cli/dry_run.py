"""`medtune run --dry-run`: state and plan of each stage, in words."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from medtune.core.errors import MedtuneError


def show_plan(
    recipe: Path, overrides: tuple[str, ...], runs_folder: Path, from_: str | None = None, until: str | None = None
) -> "list[MedtuneError]":
    """Print what a run would do and what would stop it, and return the latter; nothing is written.

    Raises MedtuneError for a bad recipe.
    """
    from medtune.pipeline import open_recipe, plan_run
    from medtune.pipeline.checks import problems

    opened = open_recipe(recipe, overrides, runs_folder)
    steps = plan_run(opened, from_=from_, until=until)
    click.echo(f"{opened.recipe.name}: {opened.run.path}")
    for step in steps:
        what = f"would run: {step.state.reason or 'asked to run again'}" if step.will_run else "fresh"
        click.echo(f"\n{step.name}: {what}")
        if step.will_run:
            for line in step.stage.plan(step.view, opened.run):
                click.echo(f"  {line}")
    found = list(problems(opened, tuple(step.name for step in steps if step.will_run)))
    for problem in found:
        click.echo(f"\nthis would stop the run: {problem}")
    return found
