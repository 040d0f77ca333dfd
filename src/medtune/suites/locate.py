"""Reads the YAML of suites and lexicons; says in which line a value stands when something is wrong with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from medtune.core.errors import DataError
from medtune.core.io import read_text

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is some ten times as quick


def read_mapping(path: Path, lists: Sequence[str], what: str) -> dict[str, Any]:
    """A YAML file that must be a mapping with at least one of `lists`. Raises DataError with the line."""
    try:
        values = yaml.load(read_text(path), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise DataError("not valid YAML", where=where, next_step="mend that line") from None
    if not isinstance(values, dict) or not any(isinstance(values.get(key), list) for key in lists):
        raise DataError(
            f"a {what} is a mapping with a list of `{'` or `'.join(lists)}`", where=str(path), next_step="add them"
        )
    return values


def invalid(path: Path, values: dict[str, Any], error: ValidationError, what: str) -> DataError:
    """One DataError that names every problem with its line."""
    places = [detail["loc"] for detail in error.errors()]
    # A list that lost its bad items is also "too short": only the items themselves are named.
    named = [detail for detail in error.errors() if not any(_is_below(place, detail["loc"]) for place in places)]
    problems = "\n".join(
        f"  - line {line_of(path, detail['loc'])}: {_place(detail['loc'], values)}: {_message(detail['msg'])}"
        for detail in named
    )
    first = line_of(path, named[0]["loc"])
    return DataError(f"the {what} does not hold together:\n{problems}", where=f"{path}:{first}", next_step="mend it")


def _is_below(place: tuple[int | str, ...], above: tuple[int | str, ...]) -> bool:
    return len(place) > len(above) and place[: len(above)] == above


def line_of(path: Path, location: Sequence[int | str]) -> int:
    """The line (from 1) of the deepest part of a location that the file holds."""
    node: yaml.Node | None = yaml.compose(read_text(path), Loader=_Loader)
    line = 1
    for part in location:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, found = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line


def _message(text: str) -> str:
    return text.removeprefix("Value error, ")


def _place(location: tuple[int | str, ...], values: dict[str, Any]) -> str:
    """`cases.case id.key` of a pydantic location."""
    words: list[str] = []
    for step, part in enumerate(location):
        if isinstance(part, int) and location[step - 1] in ("cases", "concepts"):
            item = values[str(location[step - 1])][part]
            words.append(str(item.get("id", part)) if isinstance(item, dict) else str(part))
        else:
            words.append(str(part))
    return ".".join(words) or "file"
