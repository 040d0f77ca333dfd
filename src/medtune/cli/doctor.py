"""`medtune doctor`: what this machine has, and what a recipe would do on it."""

from collections.abc import Iterator
from pathlib import Path

import click

from medtune.cli.options import SettingCommand, example, runs_option, set_option


@click.command(
    cls=SettingCommand,
    epilog=example("medtune doctor", "medtune doctor recipes/quickstart.yaml"),
)
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@set_option
@runs_option
def doctor(recipe: Path | None, overrides: tuple[str, ...], runs_folder: Path) -> None:
    """Look at this machine, and at what a recipe would do on it.

    Python, compiler, llama.cpp, cores, memory, disk and GPU are looked at. With RECIPE, also say what each
    stage would do and what would stop it; of a suite recipe, what each of its models would do and what they need
    together. Ends with exit code 2 when something is missing.
    """
    from medtune.cli.machine import look

    missing = []
    for finding in look(runs_folder):
        click.echo(f"{'ok     ' if finding.ok else 'missing'}  {finding.what:<14} {finding.found}")
        if not finding.ok:
            missing.append(finding.what)
            click.echo(f"         {'':<14} next: {finding.next_step}")
    if recipe is not None:
        from medtune.cli.suite_doctor import look_at_suite
        from medtune.config.suite import is_suite_recipe

        click.echo()
        look_inside = look_at_suite if is_suite_recipe(recipe) else _look_at
        missing += list(look_inside(recipe, overrides, runs_folder))
    if missing:
        from medtune.core.errors import UsageError

        raise UsageError(f"not ready: {', '.join(missing)}", next_step="see the lines above, marked `next`")


def _look_at(recipe: Path, overrides: tuple[str, ...], runs_folder: Path) -> Iterator[str]:
    """Print plan and costs of a recipe; yields what would stop it."""
    from medtune.cli.costs import cost_lines
    from medtune.cli.dry_run import show_plan
    from medtune.pipeline import open_recipe

    problems = show_plan(recipe, overrides, runs_folder)
    click.echo("\ncosts (estimated):")
    for line in cost_lines(open_recipe(recipe, overrides, runs_folder)):
        click.echo(f"  {line}")
    for problem in problems:
        yield problem.what
