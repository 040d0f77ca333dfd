"""The documents that tasks are given, as far as they can be read: what misses its form has no parts, and no error."""

import html
from dataclasses import dataclass

from medtune.core.errors import DataError
from medtune.tasks.forms import (
    Consultation,
    Encounter,
    parse_consultation,
    parse_encounter,
    split_summary,
)


@dataclass(frozen=True)
class Lab:
    """Name and value of a laboratory result."""

    name: str
    value: str


def split_turn(turn: str) -> tuple[str, str]:
    """Document and summary of a validation task's user turn; without a line `## Summary` there is no summary."""
    try:
        return split_summary(turn.replace("\r\n", "\n"))
    except DataError:
        return turn, ""


def consultation_of(document: str) -> Consultation | None:
    """The consultation form; None for another text."""
    try:
        return parse_consultation(document)
    except DataError:
        return None


def encounter_of(document: str) -> Encounter | None:
    """The encounter; None for another text."""
    try:
        return parse_encounter(document)
    except DataError:
        return None


def labs_of(document: str) -> tuple[Lab, ...]:
    """Laboratory results of either document that have a value, in order."""
    read = encounter_of(document) if is_encounter(document) else consultation_of(document)
    if isinstance(read, Encounter):
        return tuple(Lab(one.name, one.value) for one in read.labs if one.value)
    return tuple(Lab(one.name, one.value) for one in read.laboratory if one.value) if read else ()


def is_encounter(document: str) -> bool:
    """True for the XML of an encounter."""
    return document.lstrip().startswith("<encounter")


def readable(document: str) -> str:
    """The document as a reader takes it: entities of XML resolved."""
    return html.unescape(document) if is_encounter(document) else document
