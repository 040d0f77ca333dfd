"""Emergency escalation: the signs that a health page says must not wait, in its own words."""

from collections.abc import Iterator

from medtune.prepare.convert.cards import cards_of
from medtune.prepare.convert.inputs import ConvertInput, form_of
from medtune.prepare.convert.wordings import made, word
from medtune.prepare.draft import Draft, Rejections

READS = frozenset({"health-page"})


def convert(given: ConvertInput, rejections: Rejections) -> Iterator[Draft]:
    """One row for each page that names emergencies; the others are counted."""
    for record in given.records:
        if form_of(record) not in READS or not record.topic:
            continue
        cards = cards_of(record, ("emergency",))
        if not cards:
            rejections.add(record.id, "emergency", "names no emergency")
            continue
        asked = word("emergency", record.id, given.seed, topic=record.topic)
        # Whole or not at all: a list of danger signs that stops half way would be read as complete.
        yield made(given, record, "emergency", asked, "\n\n".join(card.whole for card in cards))
