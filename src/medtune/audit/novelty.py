"""How far each step of an answer is from every step that is known, by its own words.

Known steps are those of reference answers, of the lexicon's sentences and of the training rows. A step that resembles
none of them is not wrong, but nobody has looked at its like: it goes to a person. Words are stemmed and weighted by
their inverse document frequency (Salton and Buckley, Information Processing & Management 24 (1988) 513). Likeness is
the geometric mean of two shares: how much of the step the five nearest known steps hold together, and how far it and
the very nearest overlap. The first alone is easy for a long step, the second hard for it.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from math import log, sqrt

from medtune.audit.checks.answer import Novelty
from medtune.core.text import fold, sentences

VERSION = 1
"""Raised when the same answer could get another novelty than before."""

_MARKER = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•–])\s+|\*\*|__|^#+\s*", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_COMMON_WORDS = (
    "a an the of to and or in on at is are be it its this that these those with for from as by if you your he she "
    "they them his her their i we do does not no can may will should must have has had was were been"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_FEWEST_WORDS = 4
_NEAREST = 5
_ENDINGS = ("ing", "ed", "es", "s")
_SHORTEST_STEM = 3


@dataclass(frozen=True)
class StepIndex:
    """Known steps, and the similarity below which a step counts as new."""

    steps: tuple[str, ...]
    limit: float

    @cached_property
    def _words(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(words_of(step)) for step in self.steps)

    @cached_property
    def _weights(self) -> dict[str, float]:
        counts = Counter(word for words in self._words for word in words)
        return {word: log((1 + len(self.steps)) / (1 + count)) + 1 for word, count in counts.items()}

    @cached_property
    def _sums(self) -> tuple[float, ...]:
        return tuple(sum(self._weights[word] for word in words) for words in self._words)

    @cached_property
    def _postings(self) -> dict[str, list[int]]:
        postings: dict[str, list[int]] = {}
        for number, words in enumerate(self._words):
            for word in words:
                postings.setdefault(word, []).append(number)
        return postings

    def likeness(self, step: str, without: Collection[str] = ()) -> float:
        """Likeness (0 to 1) to the known steps that are none of `without`; a step without content words is known."""
        unknown = log(1 + len(self.steps)) + 1
        weights = {word: self._weights.get(word, unknown) for word in set(words_of(step))}
        total = sum(weights.values())
        if not weights:
            return 1.0
        shared: dict[int, float] = {}
        for word, weight in weights.items():
            for number in self._postings.get(word, ()):
                shared[number] = shared.get(number, 0.0) + weight
        overlaps = [
            (weight * weight / (total * self._sums[number]), number)
            for number, weight in shared.items()
            if not without or self.steps[number] not in without
        ]
        nearest = nlargest(_NEAREST, overlaps)
        if not nearest:
            return 0.0
        held = frozenset().union(*(self._words[number] for _, number in nearest))
        covered = sum(weight for word, weight in weights.items() if word in held) / total
        return sqrt(covered * nearest[0][0])

    def measure(self, text: str) -> Novelty:
        """Each step of an answer with its similarity to the nearest known one."""
        return Novelty(tuple((step, round(self.likeness(step), 4)) for step in steps_of(text)), self.limit)


def steps_of(text: str) -> list[str]:
    """List items and sentences of an answer, without markers; very short ones are left out."""
    plain = (_MARKER.sub("", line).strip() for line in text.splitlines())
    found = [sentence for line in plain if line for sentence in sentences(line)]
    return [step for step in found if len(_WORD.findall(step)) >= _FEWEST_WORDS]


def words_of(step: str) -> list[str]:
    """Stemmed words without common ones."""
    return [_stem(word) for word in _WORD.findall(fold(step)) if word not in _COMMON]


def build_index(texts: Iterable[str], limit: float) -> StepIndex:
    """An index of every distinct step of these texts."""
    return StepIndex(tuple(dict.fromkeys(step for text in texts for step in steps_of(text))), limit)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word
