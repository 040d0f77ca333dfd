"""Each stage as a verb of its own: `medtune train RECIPE` and its like."""

from pathlib import Path

import click

from medtune.cli.options import SettingCommand, example, recipe_argument, runs_option, set_option

WHAT = {
    "collect": "Read the sources into records with licence and provenance.",
    "prepare": "Make training, validation and test examples of the records.",
    "train": "Fine-tune the base model on the training examples.",
    "audit": "Grade the answers and give every build its verdict.",
    "release": "Package the best build that passed the gate.",
    "report": "Write the report of a run as HTML and JSON.",
}


def run_stage(name: str, recipe: Path, again: bool, overrides: tuple[str, ...], runs_folder: Path) -> None:
    """Bring one stage up to date, with what it needs."""
    from medtune.pipeline import run_recipe

    run_recipe(recipe, overrides, runs_folder, from_=name if again else None, only=name)


def _verb(name: str) -> click.Command:
    @click.command(
        name,
        cls=SettingCommand,
        help=f"{WHAT[name]}\n\nStages that it needs run first if they are missing or stale; a fresh one is skipped.",
        epilog=example(f"medtune {name} recipes/quickstart.yaml"),
    )
    @recipe_argument
    @click.option("--again", is_flag=True, help="Run this stage even when it is fresh.")
    @set_option
    @runs_option
    def verb(recipe: Path, again: bool, overrides: tuple[str, ...], runs_folder: Path) -> None:
        run_stage(name, recipe, again, overrides, runs_folder)

    return verb


collect = _verb("collect")
prepare = _verb("prepare")
train = _verb("train")
release = _verb("release")
report = _verb("report")
