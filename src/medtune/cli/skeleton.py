"""A recipe with every key, made from the models of the recipe itself, so that it cannot drift from them."""

import os
import re
import textwrap
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from medtune.config.recipe import Recipe
from medtune.tasks import compares, load_task

_WIDTH = 110


def skeleton(file: Path, *, task: str, base: str, data: Path | None) -> str:
    """YAML text for a new recipe in `file`. Paths are written relative to its folder."""
    folder = file.absolute().parent
    given: dict[str, Any] = {
        "name": run_name(file),
        "task": task,
        "base": "tiny" if base == "tiny" else {"path": _relative(Path(base), folder)},
        "collect": {"sources": [_source(task, data, folder)]},
        "prepare": _prepare(task, data),
    }
    lines = [
        f"# A medtune recipe. Check it with `medtune validate {file.name}`, run it with `medtune run {file.name}`.",
        "# Keys that stand here with their default can be left out.",
    ]
    _section(Recipe, given, 0, lines)
    return "\n".join(lines) + "\n"


def run_name(file: Path) -> str:
    """A valid run name made from a file name."""
    name = re.sub(r"[^a-z0-9._-]+", "-", file.stem.lower()).strip("-._")
    return name[:64] or "my-run"


def _source(task: str, data: Path | None, folder: Path) -> dict[str, Any]:
    """The user's own data, else what medtune brings for the task."""
    if data:
        return {"kind": "files", "path": _relative(data, folder)}
    known = load_task(task)
    if compares(known):
        return {"kind": "synthetic", "task": task}
    if known.contract.kind == "steps":
        return {"kind": "first_aid"}
    return {"kind": "medquad"}


def _prepare(task: str, data: Path | None) -> dict[str, Any]:
    """The bundled documents suit the four-part form and its 200 held-out topics; a user's own rows stay as they are."""
    kind = load_task(task).contract.kind
    if not data and kind == "parts":
        return {"converters": ["terms", "refusal"], "test_topics": "embedded"}
    return {"converters": ["qa", "refusal"]} if not data and kind == "answer" else {}


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path.absolute(), folder)


def _section(model: type[BaseModel], given: dict[str, Any], depth: int, lines: list[str]) -> None:
    """Add the lines of one section: each field's docstring as a comment, then its key and value."""
    pad = "  " * depth
    for name, field in model.model_fields.items():
        if depth == 0:
            lines.append("")
        value = given.get(name, field.get_default(call_default_factory=True))
        section = _section_of(field.annotation)
        note = " ".join((field.description or (section.__doc__ if section else "") or "").split())
        lines += textwrap.wrap(note, _WIDTH, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}# ")
        if section is None:
            lines.append(f"{pad}{name}: {_flow(value)}")
        else:
            lines.append(f"{pad}{name}:")
            _section(section, given.get(name) or {}, depth + 1, lines)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a key that is a section; a choice of models (`base`, a source) is written as a value."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _flow(value: Any) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return (
        yaml.safe_dump(plain, default_flow_style=True, width=10_000, allow_unicode=True).removesuffix("...\n").strip()
    )
