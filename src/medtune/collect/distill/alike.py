"""Near duplicates among accepted rows: exact, by runs of five words; a row's place in the order decides.

Two texts are alike when their sets of runs share at least the threshold t (Jaccard). Such sets share a value among the
first n - ceil(t n) + 1 of each in one common order (the prefix filter of Chaudhuri, Ganti and Kaushik, 2006), so only
those values are indexed and nothing is missed.
"""

import math
import re
from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b

from medtune.core.text import fold

RUN_WORDS = 5
_WORD = re.compile(r"[^\W_]+")


@dataclass
class Alike:
    """The texts so far."""

    threshold: float
    _runs: list["array[int]"] = field(default_factory=list)
    _index: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _questions: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, text: str) -> bool:
        """Take a text, unless one that is like it is there already: then False."""
        mine = runs_of(text)
        prefix = mine[: len(mine) - math.ceil(self.threshold * len(mine)) + 1]
        own = frozenset(mine)
        for number in {number for value in prefix for number in self._index.get(value, ())}:
            other = self._runs[number]
            shared = sum(value in own for value in other)
            if shared >= self.threshold * (len(own) + len(other) - shared):
                return False
        for value in prefix:
            self._index[value].append(len(self._runs))
        self._runs.append(mine)
        return True

    def add_question(self, text: str) -> bool:
        """Take a question, unless one of the same words, in any order, is there: then False.

        One letter tells hypertension from hypotension, so nothing less than the same words counts as the same.
        """
        words = tuple(sorted(_WORD.findall(fold(text))))
        if words in self._questions:
            return False
        self._questions.add(words)
        return True


def runs_of(text: str) -> "array[int]":
    """Digests of the distinct runs of five words, ascending; a shorter text is one run. 8 bytes each."""
    words = _WORD.findall(fold(text))
    starts = range(max(1, len(words) - RUN_WORDS + 1))
    return array("Q", sorted({_digest(" ".join(words[start : start + RUN_WORDS])) for start in starts}))


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big")
