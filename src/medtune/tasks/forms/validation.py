"""What the validation tasks read and write: a document with a summary of it, and the quotes that bear the summary."""

import json
import re
from collections.abc import Sequence

from medtune.core.errors import DataError
from medtune.tasks.forms.encounter import is_encounter

SUMMARY_HEADING = "## Summary"
"""The line between the document and the summary to check."""

EVIDENCE_KEY = "relevant_text"
"""The one key of the answer."""

_LINE = re.compile(rf"^{re.escape(SUMMARY_HEADING)}[ \t]*$", re.MULTILINE)
_DOCUMENT_END = re.compile(r"^</encounter>", re.MULTILINE)


def join_summary(document: str, summary: str) -> str:
    """The user turn of a validation task."""
    return f"{document.rstrip()}\n\n{SUMMARY_HEADING}\n{summary.strip()}"


def split_summary(turn: str) -> tuple[str, str]:
    """Document and summary of a user turn; a summary heading inside an encounter document is text of that document.

    Raises DataError when no line `## Summary` follows the document.
    """
    end = _DOCUMENT_END.search(turn) if is_encounter(turn) else None
    match = _LINE.search(turn, end.end() if end else 0)
    if match is None:
        raise DataError(
            f"no line `{SUMMARY_HEADING}` follows the document",
            where="the user turn",
            next_step=f"write the document, a blank line, the line `{SUMMARY_HEADING}`, and the summary",
        )
    return turn[: match.start()].rstrip(), turn[match.end() :].strip()


def render_evidence(quotes: Sequence[str]) -> str:
    """The answer of a validation task: one JSON object with the quotes in the order given."""
    return json.dumps({EVIDENCE_KEY: list(quotes)}, ensure_ascii=False)
