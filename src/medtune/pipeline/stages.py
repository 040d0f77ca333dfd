"""The one table of stages, in the order in which they run. Their modules are light: nothing heavy is imported here."""

from importlib import import_module
from typing import cast

from medtune.core.errors import UsageError
from medtune.runs.layout import STAGE_FOLDERS
from medtune.runs.stage import Stage

STAGE_NAMES = tuple(STAGE_FOLDERS)


def load_stage(name: str) -> Stage:
    return cast(Stage, import_module(f"medtune.{name}.stage"))


def check_name(name: str) -> str:
    """The name itself. Raises UsageError for an unknown stage."""
    if name not in STAGE_FOLDERS:
        raise UsageError(f"there is no stage {name!r}", next_step=f"use one of {', '.join(STAGE_FOLDERS)}")
    return name


def with_needs(name: str) -> tuple[str, ...]:
    """A stage and all that it needs, directly or not, in running order."""
    wanted = {check_name(name)}
    for stage in reversed(STAGE_NAMES):
        if stage in wanted:
            wanted.update(load_stage(stage).NEEDS)
    return tuple(stage for stage in STAGE_NAMES if stage in wanted)
