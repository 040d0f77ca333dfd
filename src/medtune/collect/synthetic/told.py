"""What a summary says of a document, and the strings of the document that bear it out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from medtune.collect.synthetic.case import Finding, Result, Vital


@dataclass(frozen=True)
class Told:
    """One statement in English and Chinese; `quotes` stand in the document letter by letter."""

    text: str
    text_zh: str
    quotes: tuple[str, ...]


def told_lab(result: Result, names_zh: Mapping[str, str]) -> Told:
    """Name and value, two quotes; `names_zh` are Chinese names, where there are some."""
    name_zh = names_zh.get(result.name, result.name)
    return Told(f"{result.name} {result.value}", f"{name_zh} {result.value}", (result.name, result.value))


def told_vital(vital: Vital) -> Told:
    """A vital sign."""
    return Told(vital.text, vital.text_zh, (vital.text,))


def told_finding(finding: Finding) -> Told:
    """A study and its result, or a culture and its organism, as the document writes them."""
    text = written(finding)
    return Told(text, f"{finding.study_zh}：{finding.text_zh}", (text,))


def written(finding: Finding) -> str:
    """How a document writes a finding."""
    return f"{finding.study}: {finding.text}"


def as_written(text: str) -> Told:
    """An order, as it stands in the document, in any language."""
    return Told(text, text, (text,))


def quotes_of(parts: Iterable[Told]) -> list[str]:
    """All quotes, each once, in the order of the statements."""
    return list(dict.fromkeys(quote for part in parts for quote in part.quotes))


def lower_first(name: str) -> str:
    """A condition's name inside a sentence; the names of organisms keep their capital letter."""
    return name if name.startswith("Clostridioides") else name[:1].lower() + name[1:]
