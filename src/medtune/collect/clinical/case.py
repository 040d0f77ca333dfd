"""One case of an export on its way to a document."""

from dataclasses import dataclass
from typing import TypeAlias

from medtune.tasks.forms import Consultation, Encounter

Document: TypeAlias = Consultation | Encounter


@dataclass(frozen=True)
class Origin:
    """Where a case stands: shown in names, warnings and errors."""

    name: str
    """File and line, or file and resource."""
    case: str = ""
    """The site's own id of the case, for grouping only: it may identify a person and is copied nowhere."""


@dataclass(frozen=True)
class Case:
    """A document with what the site wrote about it."""

    origin: Origin
    document: Document
    answer: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Rejected:
    """Why a case is left out; `column` is set where the mapping may be to blame."""

    origin: Origin
    reason: str
    column: str = ""


def complete(document: Document) -> str:
    """What an otherwise readable document lacks, or an empty string."""
    if isinstance(document, Consultation):
        if not document.request.department:
            return "no department in the request"
        if not document.request.reason:
            return "no reason in the request"
        told = (document.background, document.medication, document.laboratory, document.findings)
        return "" if any(told) else "nothing but the request"
    if not document.diagnoses:
        return "no diagnosis"
    return "" if any(note.text for note in document.notes) else "no notes"
