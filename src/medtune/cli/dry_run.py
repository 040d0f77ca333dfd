"""`medtune run --dry-run`: state and plan of each stage, in words."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from medtune.core.errors import MedtuneError
    from medtune.pipeline.open import OpenRecipe


@dataclass(frozen=True)
class StageWords:
    """What one stage would do: its state, and its plan when it would run."""

    name: str
    state: str
    will_run: bool
    lines: tuple[str, ...]


def show_plan(
    recipe: Path, overrides: tuple[str, ...], runs_folder: Path, from_: str | None = None, until: str | None = None
) -> "list[MedtuneError]":
    """Print what a run would do and what would stop it, and return the latter; nothing is written.

    Raises MedtuneError for a bad recipe.
    """
    from medtune.pipeline import open_recipe

    opened = open_recipe(recipe, overrides, runs_folder)
    steps = stages_in_words(opened, from_, until)
    click.echo(f"{opened.recipe.name}: {opened.run.path}")
    show_stages(steps)
    found = problems_of(opened, steps)
    for problem in found:
        click.echo(f"\nthis would stop the run: {problem}")
    return found


def stages_in_words(opened: "OpenRecipe", from_: str | None = None, until: str | None = None) -> list[StageWords]:
    """Every stage of a run in words. Raises UsageError."""
    from medtune.pipeline import plan_run

    found = []
    for step in plan_run(opened, from_=from_, until=until):
        state = f"would run: {step.state.reason or 'asked to run again'}" if step.will_run else "fresh"
        lines = step.stage.plan(step.view, opened.run) if step.will_run else []
        found.append(StageWords(step.name, state, step.will_run, tuple(lines)))
    return found


def show_stages(steps: list[StageWords]) -> None:
    """Print them."""
    for step in steps:
        click.echo(f"\n{step.name}: {step.state}")
        for line in step.lines:
            click.echo(f"  {line}")


def problems_of(opened: "OpenRecipe", steps: list[StageWords]) -> "list[MedtuneError]":
    """What would stop the stages that would run."""
    from medtune.pipeline.checks import problems

    return list(problems(opened, tuple(step.name for step in steps if step.will_run)))
