"""Every place of a text where a concept is mentioned, with what the text says about it there.

A concept is a list of patterns (a lexicon's, or anybody's). What a pattern matched is read as one phrase: a negation at
its start is part of it («do not move» advised is the concept advised), one inside it parts it («water, never aspirin»).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medtune.detect.polarity.layout import Sentence, layout_of
from medtune.detect.polarity.locate import VERB_STEMS, Match
from medtune.detect.polarity.read import judge_at, quote
from medtune.detect.polarity.rules import Kind
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.words import STOP

_PARTING = frozenset({"not", "never", "no", "nor", "without", "than", "instead", "avoid"})


_SITUATION = "a situation"
"""The rule's word for an action that only an if-clause names."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention: its place `text[start:end]`, the sentence around it, and how that sentence stands to it."""

    start: int
    end: int
    quote: str
    polarity: Kind
    reason: str


def read_mentions(text: str, patterns: Sequence[re.Pattern[str]]) -> tuple[Mention, ...]:
    """Every hit of every pattern in order of place; of hits within another only the longer one.

    `unclear` is a hit that no rule decides: something for a person to look at, never a pass.
    """
    hits = _hits(text, patterns)
    if not hits:
        return ()
    sentences = layout_of(text)
    return tuple(_mention(text, sentences, start, end) for start, end in hits)


def _hits(text: str, patterns: Sequence[re.Pattern[str]]) -> list[tuple[int, int]]:
    spans = {match.span() for pattern in patterns for match in pattern.finditer(text) if match.group().strip()}
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return kept


def _mention(text: str, sentences: Sequence[Sentence], start: int, end: int) -> Mention:
    for number, sentence in enumerate(sentences):
        if sentence.start <= start < sentence.end:
            match = _match(sentence.tokens, start, end)
            if match is None:
                break
            judged = judge_at(sentences, number, match)
            if judged.rule == _SITUATION and (taken_up := _taken_up(sentence.tokens, match)):
                judged = judge_at(sentences, number, taken_up)
            return Mention(start, end, quote(text, sentence.start, sentence.end), judged.polarity, judged.rule)
    line = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return Mention(start, end, quote(text, line[0], line[1] if line[1] >= 0 else len(text)), "unclear", "no sentence")


def _taken_up(tokens: Sequence[Token], match: Match) -> Match | None:
    """The main clause's verb where it takes up what its if-clause names: «if an AED is available, use it»."""
    comma = next((at for at in range(match.first, len(tokens)) if tokens[at].word in (",", "—")), len(tokens))
    for at in range(comma + 1, len(tokens) - 1):
        if tokens[at].stem in VERB_STEMS and tokens[at + 1].word in ("it", "them", "one", "that", "this"):
            return Match(at, (at, at + 1), 1.0)
    return None


def _match(tokens: Sequence[Token], start: int, end: int) -> Match | None:
    """The words of a hit as a place of an action: its first verb, if it has one, and its content words."""
    inside = [place for place, token in enumerate(tokens) if token.start < end and token.end > start]
    inside = [place for place in inside if tokens[place].word[0].isalnum()]
    if not inside:
        return None
    head = next((place for place in inside if tokens[place].stem in VERB_STEMS), -1)
    opening = [place for place in inside if place <= max(head, inside[0])]
    content = [
        place
        for place in inside[len(opening) :]
        if tokens[place].word not in STOP and tokens[place].word not in _PARTING
    ]
    return Match(head, tuple(opening + content), 1.0)
