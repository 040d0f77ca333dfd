"""Symptom analysis: the signs of a condition from the source's answers and chapters about them."""

import re
from collections.abc import Iterator

from medtune.prepare.convert.cards import is_card
from medtune.prepare.convert.inputs import ConvertInput, form_of
from medtune.prepare.convert.wordings import excerpt, made, word
from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.collect import Record

READS = frozenset({"qa", "health-page"})
_SPEAKS_OF_SIGNS = re.compile(r"\b(?:symptoms?|signs?)\b", re.IGNORECASE)
_LEAST_CHARS = 60


def convert(given: ConvertInput, rejections: Rejections) -> Iterator[Draft]:
    """One row for each record that lists symptoms; pages without such a chapter are counted."""
    for record in given.records:
        if form_of(record) not in READS or not record.topic:
            continue
        text, _ = excerpt(_signs(record))
        if len(text) >= _LEAST_CHARS:
            asked = word("symptoms", record.id, given.seed, topic=record.topic)
            answer = f"{text}\n\n{word('only-a-clinician', record.id, given.seed).text}"
            yield made(given, record, "symptom", asked, answer)
        elif record.kind == "document":
            rejections.add(record.id, "symptom", "no chapter on symptoms")


def _signs(record: Record) -> str:
    if record.kind == "qa":
        return record.answer if record.question_type == "symptoms" else ""
    parts = (part for part in record.passages if _SPEAKS_OF_SIGNS.search(part.heading) and not is_card(part))
    return next((part.text for part in parts), "")
