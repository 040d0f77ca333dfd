"""Find a task by its name: one folder with a task.yaml each, and beside it one overlay for each other language."""

import difflib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from medtune.core.errors import UsageError
from medtune.core.io import read_text
from medtune.tasks.task import Task

_TASK_FILE = "task.yaml"
_FOLDERS = {path.parent.name: path for path in sorted(Path(__file__).parent.glob(f"*/{_TASK_FILE}"))}

TASKS: dict[str, Path] = {
    name: file
    for folder, path in _FOLDERS.items()
    for name, file in (
        (folder, path),
        *(
            (f"{folder}/{overlay.stem}", overlay)
            for overlay in sorted(path.parent.glob("*.yaml"))
            if overlay.name != _TASK_FILE
        ),
    )
}
"""Every task that medtune brings: name to file. `folder/language` is an overlay: what it says replaces the task's."""


@cache
def load_task(name: str) -> Task:
    """The task of that name. Raises UsageError naming the known tasks, nearest first, or the task's languages."""
    path = TASKS.get(name)
    if path is None:
        raise _unknown(name)
    values = _read(path)
    if path.name != _TASK_FILE:
        values = {**_merged(_read(path.with_name(_TASK_FILE)), values), "name": name}
    return Task.model_validate(values)


def languages_of(folder: str) -> tuple[str, ...]:
    """The overlays of a task: names that `load_task` knows beside the folder's own."""
    return tuple(name for name in TASKS if name.startswith(f"{folder}/"))


def _read(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(read_text(path))
    return values


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` over `below`, mapping by mapping; lists and texts are replaced."""
    merged = dict(below)
    for key, value in above.items():
        own = below.get(key)
        merged[key] = _merged(own, value) if isinstance(value, dict) and isinstance(own, dict) else value
    return merged


def _unknown(name: str) -> UsageError:
    folder, slash, language = name.partition("/")
    if slash and folder in _FOLDERS:
        own = load_task(folder).language
        known = ", ".join((f"{folder} ({own})", *languages_of(folder)))
        return UsageError(
            f"the task {folder!r} has no language {language!r}",
            where="task",
            next_step=f"use one of its known languages: {known}",
        )
    near = difflib.get_close_matches(name, TASKS, n=len(TASKS), cutoff=0.0)
    known = ", ".join([*near, *(other for other in TASKS if other not in near)])
    return UsageError(
        f"there is no task named {name!r}", where="task", next_step=f"use one of the known tasks: {known}"
    )
