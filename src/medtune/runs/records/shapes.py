"""The shapes in which people keep training rows; one reader for `files` sources and for gold sets."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError
from medtune.core.tables import read_table
from medtune.runs.records.collect import Turn

SHAPES = (
    "{instruction, output}, {instruction, response}, {instruction, input, output}, {question, answer} "
    "or {messages: [{role, content}, …]}"
)
"""Shown whenever a row has none of them."""

_QUESTIONS = ("instruction", "question")
_ANSWERS = {"instruction": ("output", "response"), "question": ("answer",)}


@dataclass(frozen=True)
class ShapedRow:
    """One row of a user's file: a question with its answer, or a chat; either may lack its answer."""

    line: int
    question: str
    answer: str
    messages: tuple[Turn, ...]
    topic: str
    document: str
    question_type: str
    url: str

    @property
    def missing(self) -> str:
        """What the row lacks (`no question`, `no answer`), or an empty string."""
        if self.messages:
            last = self.messages[-1]
            if last.role != "assistant" or not last.content.strip():
                return "no answer"
            return "" if any(turn.role == "user" and turn.content.strip() for turn in self.messages) else "no question"
        if not self.question.strip():
            return "no question"
        return "" if self.answer.strip() else "no answer"


def read_shaped(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[ShapedRow]:
    """Rows of a table. `columns` says which column stands for which field of a shape, e.g. {"question": "Frage"}.

    Raises DataError naming file and line for what has no known shape, or lacks a named column.
    """
    for line, row in read_table(path):
        where = f"{path}:{line}"
        yield _shape(line, _renamed(row, columns, where) if columns else row, where)


def _renamed(row: dict[str, Any], columns: Mapping[str, str], where: str) -> dict[str, Any]:
    """The row with the named columns under the fields' names, and nothing else."""
    named = {}
    for field, column in columns.items():
        key = column.strip().lower()
        if key not in row:
            raise DataError(
                f"no column {column!r} (there are {', '.join(sorted(row))})",
                where=where,
                next_step="mend `columns:` of this source in the recipe",
            )
        named[field] = row[key]
    return named


def _shape(line: int, row: dict[str, Any], where: str) -> ShapedRow:
    messages: tuple[Turn, ...] = ()
    question = answer = ""
    if row.get("messages") not in (None, ""):
        messages = _messages(row["messages"], where)
    else:
        question, answer = _pair(row, where)
        system = _text(row, "system", where)
        if system.strip() and question.strip():
            messages = (
                Turn(role="system", content=system),
                Turn(role="user", content=question),
                Turn(role="assistant", content=answer),
            )
            question = answer = ""
    return ShapedRow(
        line=line,
        question=question,
        answer=answer,
        messages=messages,
        topic=_label(row, "topic"),
        document=_label(row, "document"),
        question_type=_label(row, "question_type") or _label(row, "category"),
        url=_label(row, "url"),
    )


def _pair(row: dict[str, Any], where: str) -> tuple[str, str]:
    for name in _QUESTIONS:
        if name not in row:
            continue
        for answer in _ANSWERS[name]:
            if answer in row:
                question = _text(row, name, where)
                extra = _text(row, "input", where) if name == "instruction" else ""
                if extra.strip():
                    question = f"{question.rstrip()}\n\n{extra}" if question.strip() else extra
                return question, _text(row, answer, where)
    names = ", ".join(sorted(row)) or "no columns"
    raise DataError(f"this row has no known shape (it has {names})", where=where, next_step=f"use {SHAPES}")


def _messages(value: Any, where: str) -> tuple[Turn, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, list) or not value:
        raise _bad_messages("`messages` must be a list of turns", where)
    turns = [_turn(item, number, where) for number, item in enumerate(value, start=1)]
    body = turns[1:] if turns[0].role == "system" else turns
    for number, turn in enumerate(body):
        expected = "assistant" if number % 2 else "user"
        if turn.role != expected:
            raise _bad_messages(f"turn {number + 1} is of the {turn.role}, expected the {expected}", where)
    return tuple(turns)


def _turn(item: Any, number: int, where: str) -> Turn:
    role = item.get("role") if isinstance(item, dict) else None
    content = item.get("content") if isinstance(item, dict) else None
    if role not in ("system", "user", "assistant"):
        raise _bad_messages(f"turn {number} has no role that is system, user or assistant", where)
    if content is not None and not isinstance(content, str):
        raise _bad_messages(f"the content of turn {number} is no text", where)
    return Turn(role=role, content=content or "")


def _bad_messages(problem: str, where: str) -> DataError:
    return DataError(
        problem,
        where=where,
        next_step="write turns as {role, content}: at most one system turn first, then user and assistant in turn; "
        f"or use another shape: {SHAPES}",
    )


def _text(row: dict[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(
            f"`{name}` must be text (it is a {type(value).__name__})", where=where, next_step=f"use {SHAPES}"
        )
    return value


def _label(row: dict[str, Any], name: str) -> str:
    """An optional column; a list gives its first text, anything else that is no text or number is left out."""
    value = row.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return " ".join(value.split()) if isinstance(value, str) else ""
