"""`medtune distill RECIPE`: have the teacher of a recipe write its rows, or say what that would take."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from medtune.cli.options import example, recipe_argument, runs_option, set_option

if TYPE_CHECKING:
    from medtune.pipeline import OpenRecipe


@click.command(
    epilog=example(
        "medtune distill my-recipe.yaml --dry-run",
        "medtune distill my-recipe.yaml",
        "medtune distill my-recipe.yaml --set collect.sources.0.token_budget=500000",
    )
)
@recipe_argument
@click.option("--dry-run", is_flag=True, help="Say how many prompts would go where and what they cost; ask nothing.")
@click.option("--again", is_flag=True, help="Run the stage even when it is fresh; known answers are not asked again.")
@set_option
@runs_option
def distill(*, recipe: Path, dry_run: bool, again: bool, overrides: tuple[str, ...], runs_folder: Path) -> None:
    """Have a teacher write the rows of RECIPE's `distill` sources.

    This is the collect stage of a run, with all sources of the recipe. Each answer is kept as soon as it is there: an
    interrupted run goes on where it stopped, and no answer is asked for twice. Every prompt is scanned for identifiers
    of people and held back when it holds any. Rows and reasons stand in 01-collect of the run directory.
    """
    from medtune.core.errors import UsageError
    from medtune.pipeline import open_recipe, run_recipe

    opened = open_recipe(recipe, overrides, runs_folder)
    if not any(source.kind == "distill" for source in opened.recipe.collect.sources):
        raise UsageError(
            "this recipe has no source of the kind `distill`",
            where=str(recipe),
            next_step="add one to `collect.sources`; docs/reference/recipe.md lists its keys",
        )
    if dry_run:
        _show_estimate(opened)
        return
    result = run_recipe(recipe, overrides, runs_folder, from_="collect" if again else None, only="collect")
    _show_result(result.run.stage("collect"))


def _show_estimate(opened: "OpenRecipe") -> None:
    from medtune.collect import stage
    from medtune.collect.estimates import estimates
    from medtune.pipeline.checks import problems

    for lines in estimates(opened.view(stage), opened.run):
        click.echo("\n  ".join(lines))
    for problem in problems(opened, ("collect",)):
        click.echo(f"\nthis would stop the run: {problem}")


def _show_result(folder: Path) -> None:
    from medtune.runs.layout import DISTILL, UNACCEPTED
    from medtune.runs.records.base import read_row_list
    from medtune.runs.records.distill import DistillFacts

    for facts in read_row_list(folder / DISTILL, DistillFacts):
        click.echo(f"{facts.source}: {facts.accepted} of {facts.rows} rows accepted, written by {facts.teacher}")
        for tried in facts.tries:
            click.echo(f"  try {tried.number}: {tried.passed} of {tried.judged} passed")
        for category in facts.categories:
            click.echo(f"  {category.name}: {category.accepted} of {category.quota}")
        for reason, count in sorted(facts.rejected.items(), key=lambda item: (-item[1], item[0])):
            click.echo(f"  rejected, {reason}: {count}")
        if facts.budget_spent:
            click.echo(f"  stopped at the token budget of {facts.token_budget:,}")
    click.echo(f"rows that are not there, with their reasons: {folder / UNACCEPTED}")
