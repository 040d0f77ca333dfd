"""Cells that cannot be what the mapping says they are: a department of a page, a result's value in its name."""

import re
from collections.abc import Iterator

from medtune.collect.clinical.rows import RowGroup, lines_of

_SENTENCE = re.compile(r"[.!?;:]\s|\n")
_MEASURED = re.compile(r"^[<>≤≥]?\s?\d+(?:[.,]\d+)?(?:\s?[A-Za-zµμ%/^0-9*]{1,12})?$")
_SPAN = re.compile(r"^\d+(?:[.,]\d+)?\s?[-–]\s?\d+(?:[.,]\d+)?")
_UNIT = re.compile(r"^(?=.*[A-Za-zµμ%])[\w µμ%/^*.]{1,15}$")
_WORD = re.compile(r"[^\W\d_]{3,}")
_DEPARTMENT_WORDS = 8
_VALUE_WORDS = 8
_REASON_CHARS = 400


def swapped(group: RowGroup) -> tuple[str, str]:
    """The first field of a case that holds something else, and what it holds; two empty strings for none."""
    return next(_findings(group), ("", ""))


def _findings(group: RowGroup) -> Iterator[tuple[str, str]]:
    for name in ("request.department", "request.from", "consultation.department"):
        for cell in group.different(name):
            if len(cell.split()) > _DEPARTMENT_WORDS or _SENTENCE.search(cell):
                yield name, "holds prose, not the name of a department"
            elif _MEASURED.match(cell):
                yield name, "holds a number, not the name of a department"
    for cell in group.different("request.reason"):
        if len(cell) > _REASON_CHARS:
            yield "request.reason", "holds a whole text, not a reason"
        elif _MEASURED.match(cell):
            yield "request.reason", "holds a number, not a reason"
    for name in ("diagnosis", "medication", "procedure", "imaging", "order"):
        if any(_MEASURED.match(line) for line in group.items(name)):
            yield name, "holds a number, not a name"
    for name in ("note", "admission", "progress", "nursing", "discharge", "background", "findings", "reply"):
        if any(_MEASURED.match(cell) for cell in group.different(name)):
            yield name, "holds a number, not a text"
    yield from _laboratory(group)


def _laboratory(group: RowGroup) -> Iterator[tuple[str, str]]:
    for cell in group.different("lab.name"):
        if any(_MEASURED.match(line) or _SPAN.match(line) for line in lines_of(cell)):
            yield "lab.name", "holds a value, not the name of a result"
    for cell in group.different("lab.value"):
        if any(len(_WORD.findall(line)) > _VALUE_WORDS for line in lines_of(cell)):
            yield "lab.value", "holds prose, not a value"
    for cell in group.different("lab.unit"):
        if any(_SPAN.match(line) or _MEASURED.match(line) for line in lines_of(cell)):
            yield "lab.unit", "holds numbers, not a unit"
    for cell in group.different("lab.range"):
        if any(
            _UNIT.match(line) and not any(char.isdigit() for char in line) and "/" in line for line in lines_of(cell)
        ):
            yield "lab.range", "holds a unit, not a reference range"
