"""`medtune validate RECIPE`: is the recipe right, and is what it names there?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from medtune.cli.options import SettingCommand, example, recipe_argument, set_option

if TYPE_CHECKING:
    from medtune.pipeline.open import OpenRecipe


@click.command(cls=SettingCommand, epilog=example("medtune validate recipes/quickstart.yaml"))
@recipe_argument
@set_option
def validate(recipe: Path, overrides: tuple[str, ...]) -> None:
    """Check a recipe and what it names.

    Keys and values of RECIPE are checked, its task and suites, its base model and its files. All problems of
    the recipe are listed at once, each with its line. Of a suite recipe, the recipe of each model is checked.
    Nothing is run or written.
    """
    from medtune.config.suite import is_suite_recipe
    from medtune.pipeline.open import read_recipe

    if is_suite_recipe(recipe):
        from medtune.cli.suite import validate_suite

        validate_suite(recipe, overrides)
        return
    check_recipe(recipe, read_recipe(recipe, overrides))


def check_recipe(recipe: Path, opened: "OpenRecipe") -> None:
    """Say that a recipe can be used, and the terms of its base. Raises MedtuneError."""
    from medtune.core.errors import MedtuneError, UsageError
    from medtune.pipeline.checks import recipe_problems, terms_line

    found: list[MedtuneError] = list(recipe_problems(opened))
    if len(found) == 1:
        raise found[0]
    if found:
        text = "\n".join(f"- {problem}" for problem in found)
        raise UsageError(f"the recipe names {len(found)} things that cannot be used:\n{text}", next_step="mend these")
    click.echo(f"{recipe}: a valid recipe named {opened.recipe.name}")
    if line := terms_line(opened):
        click.echo(line)
