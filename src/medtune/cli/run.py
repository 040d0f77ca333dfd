"""`medtune run RECIPE`: bring a run up to date."""

from pathlib import Path

import click

from medtune.cli.options import SettingCommand, example, recipe_argument, runs_option, set_option


@click.command(
    cls=SettingCommand,
    epilog=example(
        "medtune run recipes/quickstart.yaml",
        "medtune run recipes/quickstart.yaml --dry-run",
        "medtune run recipes/quickstart.yaml --from audit --set audit.gate.margin_points=5",
        "medtune run recipes/clinical/suite.yaml --set seed=3 consult-summary:train.num_epochs=2",
    ),
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

    A suite recipe runs the recipes of several models, one after the other, and releases them together. Stages
    whose inputs did not change are skipped, and a run that was interrupted goes on where it stopped.
    Ends with exit code 3 when no build passed the gate (of a suite: of any model); the report says why.
    """
    from medtune.config.suite import is_suite_recipe

    if is_suite_recipe(recipe):
        from medtune.cli.suite import plan_suite, run_whole_suite

        act = plan_suite if dry_run else run_whole_suite
        act(recipe, overrides, runs_folder, from_, until)
        return
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
