"""A case's rows to its document."""

from collections.abc import Iterator
from typing import get_args

from medtune.collect.clinical.case import Document
from medtune.collect.clinical.rows import BETWEEN, RowGroup
from medtune.tasks.forms import (
    Consultation,
    ConsultationNote,
    DayLab,
    Encounter,
    LabResult,
    Note,
    Order,
    Request,
)
from medtune.tasks.forms.encounter import NoteKind, OrderKind

NOTE_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)
ORDER_KINDS: tuple[OrderKind, ...] = get_args(OrderKind)


class UnusableError(Exception):
    """Why the rows of a case give no document; the words name no content."""


def document_of(group: RowGroup, form: str) -> Document:
    """The document. Raises UnusableError."""
    return _consultation(group) if form == "consultation" else _encounter(group)


def _consultation(group: RowGroup) -> Consultation:
    request = Request(
        department=_single(group, "request.department"),
        reason=_single(group, "request.reason"),
        sender=_single(group, "request.from"),
        question=_single(group, "request.question"),
    )
    named = [LabResult(name, value, limits) for name, value, limits, _ in _labs(group)]
    ready = [_ready_lab(line) for line in group.items("laboratory")]
    return Consultation(
        request=request,
        background="\n".join(group.different("background")),
        medication=tuple(group.items("medication")),
        laboratory=tuple(dict.fromkeys([*named, *ready])),
        findings="\n".join(group.different("findings")),
        reply="\n".join(group.different("reply")),
    )


def _encounter(group: RowGroup) -> Encounter:
    return Encounter(
        diagnoses=tuple(group.items("diagnosis")),
        labs=tuple(dict.fromkeys(DayLab(*lab) for lab in _labs(group))),
        orders=tuple(dict.fromkeys(_orders(group))),
        notes=tuple(dict.fromkeys(_notes(group))),
        consultations=tuple(
            dict.fromkeys(
                ConsultationNote(department or "not named", text, _day(day))
                for department, text, day in _aligned(
                    group, ("consultation.department", "consultation", "consultation.day"), whole=True
                )
                if text or department
            )
        ),
        disposition="\n".join(group.different("disposition")),
    )


def _single(group: RowGroup, name: str) -> str:
    found = group.different(name)
    if len(found) > 1:
        raise UnusableError(f"rows of one case differ in {name}")
    return found[0] if found else ""


def _labs(group: RowGroup) -> Iterator[tuple[str, str, str, int | None]]:
    """Name, value with unit, range and day of each result that has name and value."""
    for name, value, unit, limits, day in _aligned(
        group, ("lab.name", "lab.value", "lab.unit", "lab.range", "lab.day")
    ):
        if not name and not value:
            continue
        if not name or not value:
            raise UnusableError("a result without its name or its value")
        shown = value if not unit or value.endswith(unit) else f"{value} {unit}"
        yield name, shown, limits.removeprefix("(").removesuffix(")"), _day(day)


def _ready_lab(line: str) -> LabResult:
    """`HbA1c: 9.1 % (4.0-6.0)`."""
    name, _, rest = line.partition(":")
    value, bracket, limits = rest.strip().rpartition(" (")
    if bracket and limits.endswith(")"):
        return LabResult(name.strip(), value, limits[:-1])
    return LabResult(name.strip(), rest.strip())


def _orders(group: RowGroup) -> Iterator[Order]:
    for text, kind, day in _aligned(group, ("order", "order.kind", "order.day")):
        if text:
            yield Order(_order_kind(kind), text, _day(day))
    for known in ORDER_KINDS:
        for text in group.items(known):
            yield Order(known, text)


def _order_kind(kind: str) -> OrderKind:
    for known in ORDER_KINDS:
        if kind.strip().lower() == known:
            return known
    raise UnusableError(f"an order of a kind that is none of {', '.join(ORDER_KINDS)}")


def _notes(group: RowGroup) -> Iterator[Note]:
    for text, kind, day in _aligned(group, ("note", "note.kind", "note.day"), whole=True):
        if text:
            yield Note(_note_kind(kind), text, _day(day))
    for known in NOTE_KINDS:
        for text in group.different(known):
            yield Note(known, text)


def _note_kind(kind: str) -> NoteKind:
    """The kind; a note without one counts as one of the stay."""
    for known in NOTE_KINDS:
        if kind.strip().lower() == known:
            return known
    if kind.strip():
        raise UnusableError(f"a note of a kind that is none of {', '.join(NOTE_KINDS)}")
    return "progress"


def _day(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise UnusableError("a day of the stay that is no whole number")
    return int(text)


def _aligned(group: RowGroup, names: tuple[str, ...], whole: bool = False) -> Iterator[list[str]]:
    """The cells of several columns side by side; values of a list belong to the same places of the other lists.

    Lines of a cell are such values, too, but not where `whole` says that cells hold texts.
    """
    count = max((len(group.cells.get(name, ())) for name in names), default=0)
    for row in range(count):
        cells = [cells[row] if row < len(cells := group.cells.get(name, [])) else "" for name in names]
        mark = BETWEEN if any(BETWEEN in cell for cell in cells) else "\n"
        if mark == "\n" and (whole or not any(mark in cell for cell in cells)):
            yield cells
            continue
        columns = [cell.split(mark) if cell else [] for cell in cells]
        length = max(map(len, columns))
        if any(len(column) not in (0, length) for column in columns):
            raise UnusableError("columns of one row list different numbers of values")
        for number in range(length):
            yield [column[number].strip() if column else "" for column in columns]
