"""The consultation form: what one department asks another, what is known, and the reply.

Plain text with Markdown headings in a fixed order. Sections without text are left out, all but Reply: an empty one
says that the reply is still awaited.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from medtune.core.errors import DataError
from medtune.tasks.forms.wording import guarded, one_line, prose, unguarded

SECTIONS = ("Request", "Background", "Medication", "Laboratory", "Findings", "Reply")
"""The headings, in order."""

_REQUEST = {"Department": "department", "From": "sender", "Reason": "reason", "Question": "question"}
_HEADING = re.compile(r"##(?: |$)")
_LAB = re.compile(r"(?P<name>.+?): (?P<value>.+?)(?: \((?P<range>[^()]*)\))?")
_NEXT = "write the form as docs/clinical.md shows it, one `## Heading` for each of " + ", ".join(SECTIONS)


@dataclass(frozen=True)
class Request:
    """Who is asked by whom, and why; each on one line."""

    department: str
    """The department that is asked."""
    reason: str
    """The main reason."""
    sender: str = ""
    """The department that asks."""
    question: str = ""


@dataclass(frozen=True)
class LabResult:
    """One result: `value` holds number and unit, `range` the reference range without brackets."""

    name: str
    value: str
    range: str = ""


@dataclass(frozen=True)
class Consultation:
    """One consultation."""

    request: Request
    background: str = ""
    medication: tuple[str, ...] = ()
    """Drug, dose, unit and frequency as they were written, one drug each."""
    laboratory: tuple[LabResult, ...] = ()
    findings: str = ""
    """Vital signs, cultures, imaging."""
    reply: str = ""
    """The consultant's reply; empty while it is awaited."""


def render_consultation(consultation: Consultation) -> str:
    """The form as text, without an end of line. What a user wrote stays text: a line such as `## Reply` is guarded."""
    request = consultation.request
    lines = [f"{label}: {one_line(getattr(request, field))}" for label, field in _REQUEST.items()]
    bodies = {
        "Request": "\n".join(line for line in lines if not line.endswith(": ")),
        "Background": guarded(consultation.background),
        "Medication": _list(one_line(item) for item in consultation.medication),
        "Laboratory": _list(_lab_line(lab) for lab in consultation.laboratory),
        "Findings": guarded(consultation.findings),
        "Reply": guarded(consultation.reply),
    }
    return "\n\n".join(f"## {name}\n{body}".rstrip() for name, body in bodies.items() if body or name == "Reply")


def parse_consultation(text: str) -> Consultation:
    """The consultation that a form holds. Raises DataError naming the line of what is no part of the form."""
    found = _sections(prose(text))
    if "Request" not in found:
        raise DataError("this consultation form has no line `## Request`", next_step=_NEXT)
    return Consultation(
        request=_request(*found["Request"]),
        background=unguarded(_body(found, "Background")),
        medication=tuple(_items(_body(found, "Medication"))),
        laboratory=tuple(map(_lab, _items(_body(found, "Laboratory")))),
        findings=unguarded(_body(found, "Findings")),
        reply=unguarded(_body(found, "Reply")),
    )


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items if item)


def _lab_line(lab: LabResult) -> str:
    """`Name: value (range)`; what would be read as another part is written so that it is not."""
    name = one_line(lab.name).replace(": ", ":")
    value = one_line(lab.value)
    limits = one_line(lab.range).translate({ord("("): None, ord(")"): None})
    if not value:
        return name
    return f"{name}: {value} ({limits})" if limits or value.endswith(")") else f"{name}: {value}"


def _sections(text: str) -> dict[str, tuple[int, str]]:
    """Line number of each heading, and the text below it."""
    found: dict[str, tuple[int, str]] = {}
    current, start, lines = "", 1, text.split("\n")
    for number, line in enumerate([*lines, "##"], start=1):
        if not _HEADING.match(line):
            continue
        body = "\n".join(lines[start : number - 1] if current else lines[: number - 1]).strip()
        if current:
            found[current] = (start, body)
        elif body:
            raise _bad("text stands before the first heading", 1)
        if number <= len(lines):
            current, start = line[2:].strip(), number
            if current not in SECTIONS:
                raise _bad("a heading that the form does not have", number)
            if current in found:
                raise _bad(f"a second `## {current}`", number)
    return found


def _body(found: dict[str, tuple[int, str]], name: str) -> str:
    return found[name][1] if name in found else ""


def _request(line: int, body: str) -> Request:
    values: dict[str, str] = {}
    for number, text in enumerate(body.split("\n"), start=line + 1):
        label, colon, value = text.partition(":")
        field = _REQUEST.get(label.strip())
        if not colon or field is None or field in values:
            raise _bad(f"the request holds one line each of {', '.join(_REQUEST)} and nothing else", number)
        values[field] = one_line(value)
    for label in ("Department", "Reason"):
        if not values.get(_REQUEST[label]):
            raise _bad(f"the request names no {label.lower()}", line)
    return Request(**values)


def _items(body: str) -> list[str]:
    return [item for line in body.split("\n") if (item := one_line(line.removeprefix("- ")))]


def _lab(item: str) -> LabResult:
    match = _LAB.fullmatch(item)
    return LabResult(match["name"], match["value"], match["range"] or "") if match else LabResult(item, "")


def _bad(what: str, line: int) -> DataError:
    return DataError(what, where=f"line {line} of the consultation form", next_step=_NEXT)
