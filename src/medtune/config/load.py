"""Read a recipe: YAML with `a.b=c` overrides; every problem at once, each with its line and the nearest known key."""

import difflib
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from medtune.config.collect import SOURCE_KINDS
from medtune.config.recipe import Recipe
from medtune.core.errors import RecipeError
from medtune.core.io import read_text

Checked = TypeVar("Checked", bound=BaseModel)
_UNION_TAGS = frozenset({"LocalBase", "HubBase", "int", "float", "str"})
Lines = dict[tuple[str | int, ...], int]


def load_recipe(path: Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read and check a recipe file. Raises RecipeError listing every problem (DataError if it cannot be read)."""
    values, lines = parse_yaml(read_text(path), str(path))
    for override in overrides:
        _apply_override(values, lines, override)
    if "suite" in values and "collect" not in values:
        raise RecipeError(
            "this is a suite recipe, which names the recipes of several models",
            where=str(path),
            next_step="`medtune run`, `medtune validate` it, or name the recipe of one of its models",
        )
    return check(values, lines, str(path))


def check(values: dict[str, Any], lines: Lines, source: str) -> Recipe:
    """Turn plain values into a Recipe; `lines` gives the line of each key for the messages."""
    return check_as(Recipe, values, lines, source)


def check_as(model: type[Checked], values: dict[str, Any], lines: Lines, source: str) -> Checked:
    """The same for any file that is made of sections. Raises RecipeError listing every problem."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        described = partial(_describe, lines=lines, source=source, model=model)
        problems = [described(detail) for detail in _without_echoes(error.errors())]
        text = "\n".join(f"  - {problem}" for problem in problems)
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        raise RecipeError(
            f"the recipe has {count}:\n{text}",
            where=source,
            next_step=f"mend the lines above, then `medtune validate {source}`",
        ) from None


def parse_yaml(text: str, source: str) -> tuple[dict[str, Any], Lines]:
    """YAML text to values and the line (from 1) of every key and list item. Raises RecipeError."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{source}:{mark.line + 1}" if mark else source
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise RecipeError(f"not valid YAML: {problem}", where=where, next_step="mend that line") from None
    except (ValueError, RecursionError) as error:  # an impossible date; an anchor that holds itself
        raise RecipeError(
            f"not valid YAML: {error}", where=source, next_step="mend that value; quote it if it is text"
        ) from None
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode) or _holds_itself(node, ()):
        raise RecipeError(
            "a recipe is a plain mapping of keys to values", where=source, next_step="start from `medtune init`"
        )
    lines: Lines = {}
    _collect_lines(node, (), lines, source)
    return values, lines


def _holds_itself(node: yaml.Node, above: tuple[int, ...]) -> bool:
    """True when an anchor stands inside of what it names: such values have no end."""
    if id(node) in above:
        return True
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        inner = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = list(node.value)
    return any(_holds_itself(value, (*above, id(node))) for value in inner)


def _collect_lines(node: yaml.Node, path: tuple[str | int, ...], lines: Lines, source: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in seen:
                raise RecipeError(
                    f"the key {name!r} stands twice", where=f"{source}:{line}", next_step="remove one of them"
                )
            seen.add(name)
            lines[(*path, name)] = line
            _collect_lines(value, (*path, name), lines, source)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*path, index)] = value.start_mark.line + 1
            _collect_lines(value, (*path, index), lines, source)


def _apply_override(values: dict[str, Any], lines: Lines, override: str) -> None:
    """Set `a.b=c` in the values; c is read as YAML."""
    dotted, equals, text = override.partition("=")
    keys = dotted.strip().split(".")
    if not equals or not all(keys):
        raise RecipeError(
            f"cannot read the override {override!r}", where="--set", next_step="write it as --set section.key=value"
        )
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise RecipeError(
            f"cannot read the value of {override!r}", where="--set", next_step="quote the value as YAML"
        ) from None
    target: Any = values
    path = tuple(_step(target_key) for target_key in keys)
    for key in path[:-1]:
        inner = _get(target, key)
        if not isinstance(inner, dict | list):
            inner = {}
            _put(target, key, inner, override)
        target = inner
    _put(target, path[-1], value, override)
    for known in [known for known in lines if known[: len(path)] == path]:
        del lines[known]


def _step(key: str) -> str | int:
    """A key, or the place in a list (from 0)."""
    return int(key) if key.isdecimal() else key


def _get(target: Any, key: str | int) -> Any:
    if isinstance(target, list):
        return target[key] if isinstance(key, int) and key < len(target) else None
    return target.get(key)


def _put(target: Any, key: str | int, value: Any, override: str) -> None:
    if isinstance(target, list) and not (isinstance(key, int) and key < len(target)):
        raise RecipeError(
            f"the list in {override!r} has no place {key!r}",
            where="--set",
            next_step=f"use a number from 0 to {len(target) - 1}",
        )
    target[key] = value


def _without_echoes(details: list[Any]) -> list[Any]:
    """Drop «too short» of a list whose items were refused: it only repeats their problems."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(len(place) > len(detail["loc"]) and place[: len(detail["loc"])] == detail["loc"] for place in places)
    ]


def _describe(detail: Any, lines: Lines, source: str, model: type[BaseModel]) -> str:
    """One problem in words: line, key, what is wrong, the nearest known key."""
    path = _without_tags(detail["loc"])
    dotted = ".".join(str(part) for part in path)
    line = _line_of(path, lines)
    where = f"{source}:{line}" if line else "--set or default"
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known_keys(model, path[:-1]), n=1, cutoff=0.5)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return f"{where}: unknown key `{dotted}`{hint}"
    if detail["type"] == "missing":
        return f"{where}: `{dotted}` is required"
    given = detail.get("input")
    shown = f" (it is {given!r})" if isinstance(given, str | int | float | bool) or given is None else ""
    return f"{where}: `{dotted}`: {detail['msg'][0].lower()}{detail['msg'][1:]}{shown}"


def _without_tags(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic puts the members of unions into the location; those are no keys of the recipe."""
    path: list[str | int] = []
    for part, after in zip(place, ("", *place), strict=False):
        if isinstance(part, str) and ("[" in part or part in _UNION_TAGS):
            continue
        if part in SOURCE_KINDS and (isinstance(after, int) or after == "from"):
            continue
        path.append(part)
    return tuple(path)


def _line_of(path: tuple[str | int, ...], lines: Lines) -> int | None:
    """The line of a key, or of the nearest key above it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1 if lines else None


def _known_keys(whole: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Keys known at a place of the recipe, found by walking the models."""
    models: list[type[BaseModel]] = [whole]
    for part in path:
        found: list[type[BaseModel]] = []
        for model in models:
            if isinstance(part, int):
                found.append(model)
            else:
                fields = {field.alias or name: field for name, field in model.model_fields.items()}
                found.extend(_models_in(fields[part].annotation) if part in fields else [])
        models = found
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Every pydantic model inside a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
