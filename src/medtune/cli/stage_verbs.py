"""Each stage as a verb of its own: `medtune train RECIPE` and its like."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def _verb(name: str, *options: Callable[[Any], Any]) -> click.Command:
    """A stage's verb; what `options` give is set in the stage's section of the recipe."""

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
    def verb(recipe: Path, again: bool, overrides: tuple[str, ...], runs_folder: Path, **own: str | int | None) -> None:
        given = tuple(f"{name}.{key}={value}" for key, value in own.items() if value is not None)
        run_stage(name, recipe, again, (*overrides, *given), runs_folder)

    for option in options:
        option(verb)
    return verb


engine_option = click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    help="Who works on rows: this process, or the workers of Ray (pip install 'medtune[ray]').",
)
workers_option = click.option("--workers", type=click.IntRange(min=1), help="Workers of Ray; all processors if unset.")


collect = _verb("collect")
prepare = _verb("prepare", engine_option, workers_option)
train = _verb("train")
release = _verb("release")
report = _verb("report")
