"""How far each step of an answer is from every step that is known: TF-IDF of words and word pairs, cosine similarity.

Known steps are those of reference answers and of the training rows. A step that resembles none of them is not wrong,
but nobody has looked at its like: it goes to a person. Weights: Salton and Buckley, Information Processing & Management
24 (1988) 513 (log tf, smoothed idf, cosine).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
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
_ENDINGS = ("ing", "ed", "es", "s")
_SHORTEST_STEM = 3


@dataclass(frozen=True)
class StepIndex:
    """Known steps, and the similarity below which a step counts as new."""

    steps: tuple[str, ...]
    limit: float

    @cached_property
    def _weights(self) -> dict[str, float]:
        counts = Counter(term for step in self.steps for term in set(terms(step)))
        return {term: log((1 + len(self.steps)) / (1 + count)) + 1 for term, count in counts.items()}

    @cached_property
    def _unknown(self) -> float:
        """Weight of a term that no known step holds."""
        return log(1 + len(self.steps)) + 1

    @cached_property
    def _postings(self) -> dict[str, list[tuple[int, float]]]:
        postings: dict[str, list[tuple[int, float]]] = {}
        for number, step in enumerate(self.steps):
            for term, weight in self._vector(step).items():
                postings.setdefault(term, []).append((number, weight))
        return postings

    def _vector(self, step: str) -> dict[str, float]:
        raw = {
            term: (1 + log(count)) * self._weights.get(term, self._unknown)
            for term, count in Counter(terms(step)).items()
        }
        norm = sqrt(sum(weight * weight for weight in raw.values())) or 1.0
        return {term: weight / norm for term, weight in raw.items()}

    def nearest(self, step: str, without: Collection[str] = ()) -> float:
        """Cosine similarity (0 to 1) to the nearest known step that is not one of `without`."""
        scores: dict[int, float] = {}
        for term, weight in self._vector(step).items():
            for number, other in self._postings.get(term, ()):
                scores[number] = scores.get(number, 0.0) + weight * other
        kept = (score for number, score in scores.items() if not without or self.steps[number] not in without)
        return max(kept, default=0.0)

    def measure(self, text: str) -> Novelty:
        """Each step of an answer with its similarity to the nearest known one."""
        return Novelty(tuple((step, round(self.nearest(step), 4)) for step in steps_of(text)), self.limit)


def steps_of(text: str) -> list[str]:
    """List items and sentences of an answer, without markers; very short ones are left out."""
    plain = (_MARKER.sub("", line).strip() for line in text.splitlines())
    found = [sentence for line in plain if line for sentence in sentences(line)]
    return [step for step in found if len(_WORD.findall(step)) >= _FEWEST_WORDS]


def terms(step: str) -> list[str]:
    """Stemmed words without common ones, and pairs of neighbours."""
    words = [_stem(word) for word in _WORD.findall(fold(step)) if word not in _COMMON]
    return [*words, *(f"{first} {second}" for first, second in pairwise(words))]


def build_index(texts: Iterable[str], limit: float) -> StepIndex:
    """An index of every distinct step of these texts."""
    return StepIndex(tuple(dict.fromkeys(step for text in texts for step in steps_of(text))), limit)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word
