"""Write docs/reference/{recipe,cli,errors}.md from the code, so that they cannot drift from it.

python scripts/reference.py            write them
python scripts/reference.py --check    fail if one of them is not current
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from medtune.cli.main import VERBS, cli
from medtune.config.presets import PRESETS
from medtune.config.recipe import Recipe
from medtune.core import errors

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
_NOTE = "<!-- Written by scripts/reference.py (`make reference`); do not edit. -->\n"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {"recipe.md": recipe_page(), "cli.md": cli_page(), "errors.md": errors_page()}


def recipe_page() -> str:
    """Every key of a recipe: meaning, type, default."""
    lines = ["# Recipe keys", "", _NOTE, "`medtune init FILE` writes a recipe with all of them.", ""]
    for heading, model in _sections(Recipe, ""):
        lines += [f"## {heading or 'top level'}", "", " ".join((model.__doc__ or "").split()), ""]
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        for name, field in model.model_fields.items():
            inner = _models(field.annotation)[:1]
            meaning = " ".join((field.description or (inner[0].__doc__ if inner else "") or "").split())
            key, kind = field.alias or name, _type(field.annotation, field.metadata)
            lines.append(f"| `{key}` | {kind} | {_default(field)} | {meaning} |")
        lines.append("")
    return "\n".join([*lines, *_presets()])


def _presets() -> list[str]:
    lines = ["## Presets of `train.preset`", "", "| preset | values | source |", "|---|---|---|"]
    for name, preset in PRESETS.items():
        values = ", ".join(
            f"{key} {list(value) if isinstance(value, tuple) else value}" for key, value in preset.train.items()
        )
        lines.append(f"| `{name}` | {values} | {preset.source} |")
    return [*lines, ""]


def cli_page() -> str:
    """The help of every command, as it is printed."""
    lines = ["# Commands", "", _NOTE]
    for context in _commands():
        lines += [f"## {context.command_path}", "", "```", context.get_help(), "```", ""]
    return "\n".join(lines)


def errors_page() -> str:
    """The error tree with the exit codes."""
    lines = ["# Errors and exit codes", "", _NOTE, "```", inspect.getdoc(errors) or "", "```", ""]
    lines += ["| error | exit code | meaning |", "|---|---|---|"]
    for error in _tree(errors.MedtuneError):
        lines.append(f"| `{error.__name__}` | {error.exit_code} | {' '.join((error.__doc__ or '').split())} |")
    return "\n".join([*lines, "", "An interrupted command (Ctrl-C) ends with exit code 130.", ""])


def _sections(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for name, field in model.model_fields.items():
        place = f"{path}.{field.alias or name}" if path else name
        for inner in _models(field.annotation):
            kind = inner.model_fields.get("kind")
            label = f" ({', '.join(get_args(kind.annotation))})" if kind else ""
            if field.alias != "from":  # the kinds of source stand there already
                yield from _sections(inner, place + label)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _type(annotation: Any, metadata: list[Any]) -> str:
    bounds = [str(item) for item in metadata if type(item).__module__.startswith("annotated_types")]
    text = " or ".join(f"`{value}`" for value in _literals(annotation)) or _plain(annotation)
    words = [bound.replace("Ge(ge=", "≥ ").replace("Gt(gt=", "> ").replace("Le(le=", "≤ ") for bound in bounds]
    words = [word.replace("Lt(lt=", "< ").replace("MinLen(min_length=", "at least ").rstrip(")") for word in words]
    return ", ".join([text, *words]).replace("|", "\\|")


def _literals(annotation: Any) -> list[str]:
    """The values of a choice; empty for anything else."""
    arguments = get_args(annotation)
    return [str(value) for value in arguments] if arguments and all(isinstance(v, str) for v in arguments) else []


def _plain(annotation: Any) -> str:
    if annotation is type(None):
        return "nothing"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a section"
    if _literals(annotation):
        return " or ".join(f"`{value}`" for value in _literals(annotation))
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    parts = [part for part in get_args(annotation) if part is not Ellipsis and _is_type(part)]
    if not parts:
        return names.get(getattr(annotation, "__name__", ""), str(annotation))
    words = list(dict.fromkeys(_plain(part) for part in parts))
    return f"list of {' or '.join(words)}" if getattr(annotation, "__origin__", None) is tuple else " or ".join(words)


def _is_type(part: Any) -> bool:
    return isinstance(part, type) or bool(get_args(part))


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "see there"
    if value is None or value == "":
        return "none"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def _commands() -> Iterator[click.Context]:
    """A context for every command, in the order of the table."""
    top = click.Context(cli, info_name="medtune", terminal_width=100, max_content_width=100, **cli.context_settings)
    yield top
    for verb in VERBS:
        command = cli.get_command(top, verb)
        assert command is not None
        context = click.Context(command, info_name=verb, parent=top)
        yield context
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                yield click.Context(inner, info_name=name, parent=context)


def _tree(error: type[errors.MedtuneError]) -> Iterator[type[errors.MedtuneError]]:
    yield error
    for inner in error.__subclasses__():
        yield from _tree(inner)


def main() -> None:
    """Write the pages, or with --check say which are not current."""
    stale = []
    for name, text in pages().items():
        file = FOLDER / name
        if "--check" in sys.argv:
            stale += [name] if not file.exists() or file.read_text(encoding="utf-8") != text else []
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; run `make reference`")


if __name__ == "__main__":
    main()
