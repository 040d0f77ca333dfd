"""The documents that clinical tasks read and the answers that quote them: frozen dataclasses, text and back."""

from medtune.tasks.forms.consultation import (
    SECTIONS,
    Consultation,
    LabResult,
    Request,
    parse_consultation,
    render_consultation,
)
from medtune.tasks.forms.encounter import (
    ConsultationNote,
    DayLab,
    Encounter,
    Note,
    Order,
    is_encounter,
    parse_encounter,
    render_encounter,
)
from medtune.tasks.forms.validation import (
    EVIDENCE_KEY,
    SUMMARY_HEADING,
    join_summary,
    render_evidence,
    split_summary,
)

__all__ = [
    "EVIDENCE_KEY",
    "SECTIONS",
    "SUMMARY_HEADING",
    "Consultation",
    "ConsultationNote",
    "DayLab",
    "Encounter",
    "LabResult",
    "Note",
    "Order",
    "Request",
    "is_encounter",
    "join_summary",
    "parse_consultation",
    "parse_encounter",
    "render_consultation",
    "render_encounter",
    "render_evidence",
    "split_summary",
]
