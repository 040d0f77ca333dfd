"""Arguments and options that several verbs share."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from medtune.runs.layout import RUNS_FOLDER

_SET = "--set"
_ASSIGNMENT = re.compile(r"([a-z0-9][a-z0-9._-]*:)?[A-Za-z_][\w-]*(\.[\w-]+)*=")
"""How a word begins that belongs to the `--set` before it; a file whose name looks alike is written as ./a=b.yaml."""


class SettingCommand(click.Command):
    """A verb whose `--set` takes one assignment or several: `--set a=b c=d` is `--set a=b --set c=d`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words with one `--set` before each assignment."""
        return super().parse_args(ctx, list(spread_sets(args)))


def spread_sets(words: Iterable[str]) -> Iterator[str]:
    """The same words with `--set` before every assignment that follows another one."""
    expected = setting = False
    for word in words:
        if expected:
            expected, setting = False, True
        elif word == _SET:
            expected, setting = True, False
        elif setting and _ASSIGNMENT.match(word):
            yield _SET
        else:
            setting = word.startswith(f"{_SET}=")
        yield word


recipe_argument = click.argument("recipe", type=click.Path(path_type=Path))
set_option = click.option(
    _SET,
    "overrides",
    multiple=True,
    metavar="A.B=C...",
    help="Set keys of the recipe, e.g. train.max_steps=50 seed=3; values are read as YAML. May be repeated. In a suite "
    "recipe, MODEL:A.B=C sets a key of one model.",
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
