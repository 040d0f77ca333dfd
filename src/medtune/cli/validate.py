"""`medtune validate RECIPE`: is the recipe right, and is what it names there?"""

from pathlib import Path

import click

from medtune.cli.options import example, recipe_argument, set_option


@click.command(epilog=example("medtune validate recipes/quickstart.yaml"))
@recipe_argument
@set_option
def validate(recipe: Path, overrides: tuple[str, ...]) -> None:
    """Check a recipe and what it names.

    Keys and values of RECIPE are checked, its task and suites, its base model and its files. All problems of
    the recipe are listed at once, each with its line. Nothing is run or written.
    """
    from medtune.core.errors import MedtuneError, UsageError
    from medtune.pipeline.checks import recipe_problems, terms_line
    from medtune.pipeline.open import read_recipe

    opened = read_recipe(recipe, overrides)
    found: list[MedtuneError] = list(recipe_problems(opened))
    if len(found) == 1:
        raise found[0]
    if found:
        text = "\n".join(f"- {problem}" for problem in found)
        raise UsageError(f"the recipe names {len(found)} things that cannot be used:\n{text}", next_step="mend these")
    click.echo(f"{recipe}: a valid recipe named {opened.recipe.name}")
    if line := terms_line(opened):
        click.echo(line)
