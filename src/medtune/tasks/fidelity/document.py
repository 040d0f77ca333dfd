"""Where things stand in the documents that tasks are given. Any text can be read; what is not there is empty."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

SUMMARY_LINE = "## Summary"
"""Stands between a source document and the summary that is checked against it."""

SECTIONS = ("Request", "Background", "Medication", "Laboratory", "Findings", "Reply")
"""Headings of a consultation form, in order."""

_HEADING = re.compile(rf"^##[^\S\n]+({'|'.join(SECTIONS)})[^\S\n]*$", re.MULTILINE)
_FIELD = re.compile(r"^(Department|From|Reason|Question):[^\S\n]*(.*)$", re.MULTILINE)
_LAB_LINE = re.compile(r"^[-*][^\S\n]+(?P<name>[^:\n]+):[^\S\n]*(?P<value>[^\n(]*[^\s(\n])", re.MULTILINE)
_LAB = re.compile(r"<lab\b(?P<attributes>[^<>]*)>")
_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


@dataclass(frozen=True)
class Lab:
    """A result as it stands in the document: name and value are strings of it."""

    name: str
    value: str
    entry: str
    """The stretch of the document that holds both."""


def split_validation(turn: str) -> tuple[str, str]:
    """Source document and summary; the last line `## Summary` divides them. Without one there is no summary."""
    lines = turn.replace("\r\n", "\n").split("\n")
    places = [number for number, line in enumerate(lines) if line.strip() == SUMMARY_LINE]
    if not places:
        return turn, ""
    document = "\n".join(lines[: places[-1]])
    return document.rstrip("\n"), "\n".join(lines[places[-1] + 1 :]).strip()


def join_validation(document: str, summary: str) -> str:
    """The user turn of a validation task."""
    return f"{document.rstrip()}\n\n{SUMMARY_LINE}\n{summary.strip()}"


def sections_of(form: str) -> dict[str, str]:
    """Bodies of a consultation form by heading; the first of each counts. Empty for another text."""
    plain = form.replace("\r\n", "\n")
    found = list(_HEADING.finditer(plain))
    ends = [match.start() for match in found[1:]] + [len(plain)]
    bodies: dict[str, str] = {}
    for match, end in zip(found, ends, strict=True):
        bodies.setdefault(match[1], plain[match.end() : end].strip())
    return bodies


def request_of(sections: Mapping[str, str]) -> dict[str, str]:
    """Department, From, Reason and Question of the Request section."""
    return {match[1]: match[2].strip() for match in _FIELD.finditer(sections.get("Request", ""))}


def labs_of(document: str) -> tuple[Lab, ...]:
    """Laboratory results of either document, in order; names and values stand in it as they are."""
    if is_encounter(document):
        found = []
        for match in _LAB.finditer(document):
            values = {name: double or single for name, double, single in _ATTRIBUTE.findall(match["attributes"])}
            if values.get("name") and values.get("value"):
                found.append(Lab(values["name"], values["value"], match.group()))
        return tuple(found)
    body = sections_of(document).get("Laboratory", "")
    return tuple(
        Lab(match["name"].strip(), match["value"].strip(), match.group().lstrip("-* "))
        for match in _LAB_LINE.finditer(body)
    )


def is_encounter(document: str) -> bool:
    """True for the XML of an encounter."""
    return document.lstrip().startswith("<encounter")


def elements_of(document: str, tag: str) -> tuple[str, ...]:
    """Texts of all elements of one name, entities resolved, on one line each."""
    pattern = re.compile(rf"<{tag}\b[^<>]*>(.*?)</{tag}>", re.DOTALL)
    return tuple(" ".join(html.unescape(body).split()) for body in pattern.findall(document))


def attributes_of(document: str, tag: str, name: str) -> tuple[str, ...]:
    """Values of one attribute of all elements of one name, entities resolved."""
    found = []
    for attributes in re.findall(rf"<{tag}\b([^<>]*)>", document):
        values = {key: double or single for key, double, single in _ATTRIBUTE.findall(attributes)}
        if values.get(name):
            found.append(html.unescape(values[name]))
    return tuple(found)


def readable(document: str) -> str:
    """The document as a reader takes it: entities of XML resolved."""
    return html.unescape(document) if is_encounter(document) else document
