"""Arguments and options that several verbs share."""

from pathlib import Path

import click

from medtune.runs.layout import RUNS_FOLDER

recipe_argument = click.argument("recipe", type=click.Path(path_type=Path))
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="A.B=C",
    help="Set a key of the recipe, e.g. train.max_steps=50; the value is read as YAML. May be repeated.",
)
runs_option = click.option(
    "--runs",
    "runs_folder",
    type=click.Path(path_type=Path),
    default=RUNS_FOLDER,
    show_default=True,
    metavar="DIR",
    help="Folder that holds the run directories.",
)
build_option = click.option(
    "--build",
    metavar="NAME",
    help="Use this build of the export instead of the released one, e.g. Q4_K_M, F16, base-F16.",
)


def example(*lines: str) -> str:
    """The examples under a verb's help, kept line by line."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
