"""Find a task by its name: one folder with a task.yaml each."""

import difflib
from functools import cache
from pathlib import Path

import yaml

from medtune.core.errors import UsageError
from medtune.core.io import read_text
from medtune.tasks.task import Task

TASKS: dict[str, Path] = {path.parent.name: path for path in sorted(Path(__file__).parent.glob("*/task.yaml"))}
"""Every task that medtune brings: name to file."""


@cache
def load_task(name: str) -> Task:
    """The task of that name. Raises UsageError naming the known tasks, nearest first."""
    path = TASKS.get(name)
    if path is None:
        near = difflib.get_close_matches(name, TASKS, n=len(TASKS), cutoff=0.0)
        known = ", ".join([*near, *(other for other in TASKS if other not in near)])
        raise UsageError(
            f"there is no task named {name!r}", where="task", next_step=f"use one of the known tasks: {known}"
        )
    return Task.model_validate(yaml.safe_load(read_text(path)))
