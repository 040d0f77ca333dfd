"""What a health page says about seeking help: cards such as «Call 999 or go to A&E if:» with a list of signs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtune.runs.records.collect import Passage, Record

Level = Literal["emergency", "urgent", "routine"]
LEVELS: tuple[Level, ...] = ("emergency", "urgent", "routine")
_HEADS: dict[Level, re.Pattern[str]] = {
    "emergency": re.compile(
        r"\b(?:999|911|112|A&E|emergency (?:department|room|services?)|ambulance)\b", re.IGNORECASE
    ),
    "urgent": re.compile(r"\burgent(?:ly)?\b|\b111\b|\bstraight away\b|\bimmediately\b|\bsame day\b", re.IGNORECASE),
    "routine": re.compile(
        r"\b(?:see|speak to|contact|ask|call|talk to|visit)\b.{0,40}"
        r"\b(?:GP|doctor|pharmacist|nurse|midwife|clinic)\b",
        re.IGNORECASE,
    ),
}
_ENDS_CARD = re.compile(r"\b(?:if|when)\b[^.\n]{0,60}:?$", re.IGNORECASE)
_MOST_HEAD_CHARS = 140


@dataclass(frozen=True)
class Card:
    """One card."""

    level: Level
    head: str
    text: str

    @property
    def whole(self) -> str:
        """Head and text as they are read out."""
        return f"{self.head.rstrip(':')}:\n{self.text}"


def read_card(part: Passage) -> Card | None:
    """The card that a passage is; its head is the heading or the first line."""
    head, text = part.heading, part.text
    if not head:
        head, _, text = part.text.partition("\n")
    if not text.strip() or len(head) > _MOST_HEAD_CHARS or not _ENDS_CARD.search(head) or "- " not in text:
        return None
    level = next((level for level in LEVELS if _HEADS[level].search(head)), None)
    return Card(level, head.strip(), text.strip()) if level else None


def is_card(part: Passage) -> bool:
    """Whether a passage says who must seek help."""
    return read_card(part) is not None


def cards_of(record: Record, levels: Sequence[Level] = LEVELS) -> list[Card]:
    """The cards of a page, the most urgent first, none twice."""
    found = dict.fromkeys(card for part in record.passages if (card := read_card(part)) and card.level in levels)
    return sorted(found, key=lambda card: LEVELS.index(card.level))
