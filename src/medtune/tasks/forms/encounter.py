"""The encounter document: one stay in hospital as XML, without a document type, entities of its own or names."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

from medtune.core.errors import DataError
from medtune.tasks.forms.wording import one_line, prose

OrderKind = Literal["medication", "procedure", "imaging"]
NoteKind = Literal["admission", "progress", "nursing", "discharge"]

_DEEPEST = 4
_DAY = re.compile(r"[0-9]{1,4}")
_NEXT = "write the document as <encounter> with diagnoses, labs, orders, notes, consultations and disposition"


@dataclass(frozen=True)
class DayLab:
    """One result of a day of the stay (1 is the day of admission); `value` holds number and unit."""

    name: str
    value: str
    range: str = ""
    day: int | None = None


@dataclass(frozen=True)
class Order:
    """What was ordered: a drug with dose and frequency, a procedure, or imaging."""

    kind: OrderKind
    text: str
    day: int | None = None


@dataclass(frozen=True)
class Note:
    """A note of the chart."""

    kind: NoteKind
    text: str
    day: int | None = None


@dataclass(frozen=True)
class ConsultationNote:
    """What another department said."""

    department: str
    text: str
    day: int | None = None


@dataclass(frozen=True)
class Encounter:
    """One stay."""

    diagnoses: tuple[str, ...]
    labs: tuple[DayLab, ...] = ()
    orders: tuple[Order, ...] = ()
    notes: tuple[Note, ...] = ()
    consultations: tuple[ConsultationNote, ...] = ()
    disposition: str = ""


def render_encounter(encounter: Encounter) -> str:
    """The document as text. What is empty is left out; the second and later parts of a list begin their own lines."""
    lists = {
        "diagnoses": [_tag("diagnosis", text) for text in encounter.diagnoses if one_line(text)],
        "labs": [
            _tag("lab", "", name=one.name, value=one.value, range=one.range, day=one.day) for one in encounter.labs
        ],
        "orders": [_tag("order", one.text, kind=one.kind, day=one.day) for one in encounter.orders],
        "notes": [_tag("note", one.text, kind=one.kind, day=one.day) for one in encounter.notes],
        "consultations": [
            _tag("consultation", one.text, department=one.department, day=one.day) for one in encounter.consultations
        ],
    }
    lines = [f"  <{name}>" + "\n    ".join(parts) + f"</{name}>" for name, parts in lists.items() if parts]
    if disposition := prose(encounter.disposition):
        lines.append(f"  {_tag('disposition', disposition)}")
    return "\n".join(("<encounter>", *lines, "</encounter>"))


def is_encounter(text: str) -> bool:
    """Does a text begin as an encounter document does?"""
    return text.lstrip().startswith("<encounter")


def parse_encounter(text: str) -> Encounter:
    """The encounter that a document holds.

    Raises DataError for what is no well-formed document of this form, and for one with a document type or entities.
    """
    root = _read(text)
    if root.tag != "encounter":
        raise _bad(f"the outermost element is <{root.tag}>, not <encounter>")
    found = {name: _children(root, name, child) for name, child in _LISTS.items()}
    _only(root, {*_LISTS, "disposition"})
    dispositions = root.findall("disposition")
    if len(dispositions) > 1:
        raise _bad("<disposition> stands twice")
    return Encounter(
        diagnoses=tuple(_text(part) for part in found["diagnoses"]),
        labs=tuple(
            DayLab(_need(part, "name"), part.get("value", ""), part.get("range", ""), _day(part))
            for part in found["labs"]
        ),
        orders=tuple(Order(_kind(part, OrderKind), _text(part), _day(part)) for part in found["orders"]),
        notes=tuple(Note(_kind(part, NoteKind), _text(part), _day(part)) for part in found["notes"]),
        consultations=tuple(
            ConsultationNote(_need(part, "department"), _text(part), _day(part)) for part in found["consultations"]
        ),
        disposition=_text(dispositions[0]) if dispositions else "",
    )


_LISTS = {
    "diagnoses": "diagnosis",
    "labs": "lab",
    "orders": "order",
    "notes": "note",
    "consultations": "consultation",
}
_ATTRIBUTES = {
    "lab": {"name", "value", "range", "day"},
    "order": {"kind", "day"},
    "note": {"kind", "day"},
    "consultation": {"department", "day"},
}


def _tag(name: str, text: str, /, **attributes: str | int | None) -> str:
    """An element; attributes without a value are left out."""
    head = name + "".join(
        f' {key}="{escape(one_line(str(value)), {chr(34): "&quot;"})}"'
        for key, value in attributes.items()
        if value not in (None, "")
    )
    return f"<{head}/>" if name == "lab" else f"<{head}>{escape(prose(text))}</{name}>"


def _read(text: str) -> Element:
    """The tree of a document without a document type, nested no deeper than this form is."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _bad(f"<{name}> is nested too deeply", parser.CurrentLineNumber)
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse("a document type declaration", parser)
    parser.EntityDeclHandler = _refuse("an entity declaration", parser)
    try:
        parser.Parse(text.strip().encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise _bad("malformed XML, or cut off", error.lineno) from None
    return builder.close()


def _refuse(what: str, parser: expat.XMLParserType) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        raise _bad(f"the document holds {what}", parser.CurrentLineNumber)

    return refuse


def _children(root: Element, name: str, child: str) -> list[Element]:
    found = root.findall(name)
    if len(found) > 1:
        raise _bad(f"<{name}> stands twice")
    for part in found:
        _only(part, {child})
    children = [part for parent in found for part in parent]
    for part in children:
        _only(part, set())
        if unknown := set(part.attrib) - _ATTRIBUTES.get(child, set()):
            raise _bad(f"<{child}> has an attribute that the form does not have: {min(unknown)}")
    return children


def _only(parent: Element, names: Iterable[str]) -> None:
    for part in parent:
        if part.tag not in names:
            raise _bad(f"<{part.tag}> may not stand in <{parent.tag}>")


def _text(element: Element) -> str:
    return prose(element.text or "")


def _need(element: Element, name: str) -> str:
    value = element.get(name, "").strip()
    if not value:
        raise _bad(f"<{element.tag}> without {name}")
    return value


def _day(element: Element) -> int | None:
    value = element.get("day")
    if value is None:
        return None
    if not _DAY.fullmatch(value):
        raise _bad(f"day of <{element.tag}> is no whole number of days")
    return int(value)


def _kind(element: Element, kinds: Any) -> Any:
    """The kind of an order or note, one of a Literal's."""
    kind = element.get("kind")
    if kind not in get_args(kinds):
        raise _bad(f"<{element.tag}> needs a kind, one of {', '.join(get_args(kinds))}")
    return kind


def _bad(what: str, line: int | None = None) -> DataError:
    where = f"line {line} of the encounter document" if line else "the encounter document"
    return DataError(what, where=where, next_step=_NEXT)
