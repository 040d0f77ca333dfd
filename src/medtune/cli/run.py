"""`medtune run RECIPE`: bring a run up to date."""

from pathlib import Path

import click

from medtune.cli.options import example, recipe_argument, runs_option, set_option


@click.command(
    epilog=example(
        "medtune run recipes/quickstart.yaml",
        "medtune run recipes/quickstart.yaml --dry-run",
        "medtune run recipes/quickstart.yaml --from audit --set audit.gate.margin_points=5",
    )
)
@recipe_argument
@click.option("--from", "from_", metavar="STAGE", help="Run this stage and all after it again, even when fresh.")
@click.option("--until", metavar="STAGE", help="Stop after this stage.")
@click.option("--dry-run", is_flag=True, help="Say what each stage would do, and touch nothing.")
@set_option
@runs_option
def run(
    *, recipe: Path, from_: str | None, until: str | None, dry_run: bool, overrides: tuple[str, ...], runs_folder: Path
) -> None:
    """Run RECIPE from data to an audited, packaged model.

    Stages whose inputs did not change are skipped, and a run that was interrupted goes on where it stopped.
    Ends with exit code 3 when no build passed the gate; the report says why.
    """
    if dry_run:
        from medtune.cli.dry_run import show_plan

        show_plan(recipe, overrides, runs_folder, from_, until)
        return
    from medtune.cli.verdicts import show_verdicts
    from medtune.core.errors import GateError
    from medtune.pipeline import run_recipe

    try:
        result = run_recipe(recipe, overrides, runs_folder, from_=from_, until=until)
    except GateError:
        from medtune.pipeline import open_recipe

        show_verdicts(open_recipe(recipe, overrides, runs_folder).run)
        raise
    if result.released is not None:
        show_verdicts(result.run)
