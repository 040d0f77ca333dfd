"""The part of Go's text/template that chat templates in Modelfiles are written in, without running any code.

Language: https://pkg.go.dev/text/template. Known: text, comments, trimmed delimiters, if/else if/else, range (with
variables, over lists), with, assignment, pipelines, fields, and the functions in `_FUNCTIONS`. What is not known raises
UnknownTemplateError: then nobody may say what it renders.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

_ACTION = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<number>-?\d+)|(?P<name>\$?[\w.$]+|\$)|(?P<mark>:=|=|\||\(|\)|,))"""
)
_MOST_STEPS = 200_000


class UnknownTemplateError(Exception):
    """This template is not Go, or uses what is not known here; the text says what."""


@dataclass
class _Node:
    kind: str
    """text, value, if, range, with or set."""
    text: str = ""
    pipe: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    body: list["_Node"] = field(default_factory=list)
    other: list["_Node"] = field(default_factory=list)


def parse_template(source: str) -> list[_Node]:
    """The nodes of a template. Raises UnknownTemplateError."""
    nodes, rest = _nodes(_pieces(source))
    if rest:
        raise UnknownTemplateError(f"`{rest[0]}` without a beginning")
    return nodes


def fields_of(nodes: Sequence[_Node]) -> set[str]:
    """Every field that the template reads, e.g. {"System", "Prompt"}."""
    found: set[str] = set()
    for node in nodes:
        found |= {part for word in node.pipe if not word.startswith(('"', "`")) for part in word.split(".") if part}
        found |= fields_of(node.body) | fields_of(node.other)
    return found


def before_field(nodes: Sequence[_Node], name: str) -> list[_Node]:
    """The template up to where the field is written, as Ollama cuts it for the prompt of the last turn."""
    kept: list[_Node] = []
    for node in nodes:
        if node.kind == "value" and f".{name}" in node.pipe:
            return kept
        if name in fields_of([node]) and node.kind in ("if", "with"):
            inside = before_field(node.body, name)
            # The condition itself may ask for the field, which is empty then: only what stands around it is written.
            if name not in fields_of([_Node("value", pipe=node.pipe)]):
                kept.append(_Node(node.kind, pipe=node.pipe, body=inside, other=node.other))
            return kept
        kept.append(node)
    return kept


def render_template(nodes: Sequence[_Node], data: dict[str, Any]) -> str:
    """The text that the template gives for `data`. Raises UnknownTemplateError."""
    run = _Run(data)
    run.write(nodes, data)
    return "".join(run.out)


def _pieces(source: str) -> list[str | tuple[str, ...]]:
    """Text as str, actions as (words,)."""
    pieces: list[str | tuple[str, ...]] = []
    at, trim = 0, False
    for action in _ACTION.finditer(source):
        text = source[at : action.start()]
        text = text.lstrip() if trim else text
        text = text.rstrip() if action.group(1) else text
        if text:
            pieces.append(text)
        trim, at = bool(action.group(3)), action.end()
        inside = action.group(2).strip()
        if not inside.startswith("/*"):
            pieces.append(tuple(_words(inside)))
    rest = source[at:]
    if "{{" in rest:
        raise UnknownTemplateError("an action is never closed")
    if rest := (rest.lstrip() if trim else rest):
        pieces.append(rest)
    return pieces


def _words(text: str) -> list[str]:
    words, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise UnknownTemplateError(f"`{text[at : at + 20].strip()}`")
        words.append(found.group().strip())
        at = found.end()
    return words


def _nodes(pieces: list[str | tuple[str, ...]]) -> tuple[list[_Node], tuple[str, ...]]:
    """Nodes up to an `else` or `end`, which is returned with what follows in its words."""
    nodes: list[_Node] = []
    while pieces:
        piece = pieces.pop(0)
        if isinstance(piece, str):
            nodes.append(_Node("text", text=piece))
        elif not piece:
            raise UnknownTemplateError("an empty action")
        elif piece[0] in ("else", "end"):
            return nodes, piece
        elif piece[0] in ("if", "with", "range"):
            nodes.append(_block(piece, pieces))
        elif piece[0] in ("break", "continue", "define", "template", "block"):
            raise UnknownTemplateError(f"`{piece[0]}`")
        elif len(piece) > 1 and piece[1] in (":=", "="):
            nodes.append(_Node("set", names=[piece[0]], pipe=list(piece[2:])))
        else:
            nodes.append(_Node("value", pipe=list(piece)))
    return nodes, ()


def _block(words: tuple[str, ...], pieces: list[str | tuple[str, ...]]) -> _Node:
    node = _Node(words[0], pipe=list(words[1:]))
    if ":=" in node.pipe:
        at = node.pipe.index(":=")
        node.names = [word for word in node.pipe[:at] if word != ","]
        node.pipe = node.pipe[at + 1 :]
    node.body, end = _nodes(pieces)
    if end[:2] == ("else", "if"):
        # `else if` shares the `end` of its `if`
        node.other = [_block(("if", *end[2:]), pieces)]
        return node
    if end == ("else",):
        node.other, end = _nodes(pieces)
    if end != ("end",):
        raise UnknownTemplateError(f"`{words[0]}` without its `end`")
    return node


class _Run:
    def __init__(self, data: dict[str, Any]) -> None:
        self.root, self.out, self.steps = data, [], 0  # type: ignore[var-annotated]
        self.names: dict[str, Any] = {"$": data}

    def write(self, nodes: Sequence[_Node], dot: Any) -> None:
        for node in nodes:
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise UnknownTemplateError("it does not come to an end")
            if node.kind == "text":
                self.out.append(node.text)
            elif node.kind == "value":
                self.out.append(_shown(self.value(node.pipe, dot)))
            elif node.kind == "set":
                self.names[node.names[0]] = self.value(node.pipe, dot)
            elif node.kind == "range":
                self._range(node, dot)
            else:
                found = self.value(node.pipe, dot)
                if node.names:
                    self.names[node.names[0]] = found
                inner = found if node.kind == "with" and _true(found) else dot
                self.write(node.body if _true(found) else node.other, inner)

    def _range(self, node: _Node, dot: Any) -> None:
        items = self.value(node.pipe, dot)
        if not isinstance(items, list | tuple | type(None)):
            raise UnknownTemplateError("range over something that is no list")
        for number, item in enumerate(items or ()):
            for name, value in zip(node.names, (number, item) if len(node.names) == 2 else (item,), strict=False):
                self.names[name] = value
            self.write(node.body, item)
        if not items:
            self.write(node.other, dot)

    def value(self, words: Sequence[str], dot: Any) -> Any:
        """A pipeline: each command's value is the last argument of the next."""
        piped: list[Any] = []
        depth, command = 0, []  # type: ignore[var-annotated]
        for word in (*words, "|"):
            depth += (word == "(") - (word == ")")
            if word == "|" and depth == 0:
                piped = [self._call(command, piped, dot)]
                command = []
            else:
                command.append(word)
        return piped[0]

    def _call(self, words: list[str], piped: list[Any], dot: Any) -> Any:
        if not words:
            raise UnknownTemplateError("an empty pipeline")
        if words[0] in _FUNCTIONS:
            return _FUNCTIONS[words[0]](*self._arguments(words[1:], dot), *piped)
        values = self._arguments(words, dot)
        if len(values) != 1 or piped:
            raise UnknownTemplateError(f"`{' '.join(words)}`")
        return values[0]

    def _arguments(self, words: list[str], dot: Any) -> list[Any]:
        values, at = [], 0
        while at < len(words):
            if words[at] == "(":
                depth, end = 1, at + 1
                while end < len(words) and depth:
                    depth += (words[end] == "(") - (words[end] == ")")
                    end += 1
                values.append(self.value(words[at + 1 : end - 1], dot))
                at = end
            else:
                values.append(self._operand(words[at], dot))
                at += 1
        return values

    def _operand(self, word: str, dot: Any) -> Any:
        if word.startswith('"'):
            try:
                return json.loads(word)
            except ValueError:
                raise UnknownTemplateError(f"the text {word}") from None
        if word.startswith("`"):
            return word[1:-1]
        if re.fullmatch(r"-?\d+", word):
            return int(word)
        if word in ("true", "false", "nil"):
            return {"true": True, "false": False, "nil": None}[word]
        if word.startswith("$"):
            name, _, path = word.partition(".")
            if name not in self.names:
                raise UnknownTemplateError(f"the variable {name}")
            return _path(self.names[name], path)
        if word.startswith("."):
            return _path(dot, word[1:])
        raise UnknownTemplateError(f"the function `{word}`")


def _path(value: Any, path: str) -> Any:
    for part in filter(None, path.split(".")):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _true(value: Any) -> bool:
    return value not in (None, "", 0, False) and value != []


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _either(*values: Any) -> Any:
    return next((value for value in values if _true(value)), values[-1])


def _all(*values: Any) -> Any:
    return next((value for value in values if not _true(value)), values[-1])


def _slice(value: Any, begin: int = 0, end: int | None = None) -> Any:
    return (value or [])[begin:end]


def _at(value: Any, *keys: Any) -> Any:
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            raise UnknownTemplateError("index out of range") from None
    return value


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eq": lambda first, *others: any(first == other for other in others),
    "ne": lambda first, other: first != other,
    "lt": lambda first, other: first < other,
    "le": lambda first, other: first <= other,
    "gt": lambda first, other: first > other,
    "ge": lambda first, other: first >= other,
    "and": _all,
    "or": _either,
    "not": lambda value: not _true(value),
    "len": lambda value: len(value or ""),
    "slice": _slice,
    "index": _at,
    "print": lambda *values: "".join(map(_shown, values)),
}
