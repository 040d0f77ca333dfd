"""Triage: whom a health page says to turn to and how soon, the most urgent first, in its own words."""

from collections.abc import Iterator

from medtune.prepare.convert.cards import cards_of
from medtune.prepare.convert.inputs import ConvertInput, form_of
from medtune.prepare.convert.wordings import made, word
from medtune.prepare.draft import Draft, Rejections

READS = frozenset({"health-page"})


def convert(given: ConvertInput, rejections: Rejections) -> Iterator[Draft]:
    """One row for each page that says whom to turn to; one that names emergencies only is left to that converter."""
    for record in given.records:
        if form_of(record) not in READS or not record.topic:
            continue
        cards = cards_of(record)
        if not any(card.level != "emergency" for card in cards):
            rejections.add(record.id, "triage", "does not say whom to turn to")
            continue
        asked = word("triage", record.id, given.seed, topic=record.topic)
        yield made(given, record, "triage", asked, "\n\n".join(card.whole for card in cards))
