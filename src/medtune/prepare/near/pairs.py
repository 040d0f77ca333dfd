"""Near duplicates among many texts: candidates by band, verified by counting shared shingles, joined to clusters."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from medtune.prepare.near.minhash import BANDS, PERMUTATIONS, SHINGLE_WORDS, Sketches, sketch
from medtune.prepare.near.shingles import U64, shingles

ALL_PAIRS = 96
"""Up to this bucket size every pair is looked at; in larger buckets each text meets one text of each group so far."""
MOST_LEADERS = 64
_BATCH_PAIRS = 2_048
_BATCH_TEXTS = 256
_KEPT_SHINGLES = 1 << 23


@dataclass
class NearIndex:
    """Sketches of the texts so far, 212 bytes a text. The texts themselves stay where they are."""

    shingle_words: int = SHINGLE_WORDS
    _keys: bytearray = field(default_factory=bytearray)
    _places: bytearray = field(default_factory=bytearray)

    def add(self, texts: Sequence[str]) -> None:
        """Take a batch; texts are numbered from 0 in the order of adding."""
        self.put(sketch(texts, self.shingle_words))

    def put(self, found: Sketches) -> None:
        """Take the sketches of a batch."""
        self._keys += found.keys.tobytes()
        self._places += found.places.tobytes()

    @property
    def sketches(self) -> Sketches:
        """Those of all texts; a view, no copy. None may be added while it is in use."""
        return Sketches(
            np.frombuffer(self._keys, dtype=np.uint32).reshape(-1, BANDS),
            np.frombuffer(self._places, dtype=np.uint8).reshape(-1, PERMUTATIONS),
        )

    def pairs(self, text_of: Callable[[int], str], threshold: float, *, every: bool = False) -> "NearPairs":
        """Verified pairs. A pair that others connect already is not looked at, unless `every` one is wanted."""
        return _verify(self.sketches, _Sets(text_of, self.shingle_words, threshold), threshold, every=every)


@dataclass(frozen=True)
class NearPairs:
    """Pairs of at least the threshold's Jaccard similarity, each once, smaller number first."""

    pairs: list[tuple[int, int]]
    compared: int
    """Candidates whose shingles were counted."""
    cut_buckets: int
    """Buckets so large and varied that not every text met every other."""


def jaccard(one: U64, other: U64) -> float:
    """Shared values over all values; both sorted, each value once."""
    both = np.concatenate((one, other))
    both.sort()
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(both) - shared) if len(both) else 1.0


class _Sets:
    """Shingle sets of texts, made in batches when pairs ask for them; the latest are kept (8 bytes a shingle).

    Arrays: the sets of a text are asked for in many bands, and as Python sets few of them would fit.
    """

    def __init__(self, text_of: Callable[[int], str], shingle_words: int, threshold: float) -> None:
        self._text_of, self._words, self._threshold = text_of, shingle_words, threshold
        self._kept: dict[int, U64] = {}
        self._size = 0

    def fetch(self, numbers: Iterable[int]) -> None:
        """Make the sets of these texts, as far as they are not kept."""
        if self._size > _KEPT_SHINGLES:
            self._kept.clear()
            self._size = 0
        missing = sorted({number for number in numbers if number not in self._kept})
        for start in range(0, len(missing), _BATCH_TEXTS):
            batch = missing[start : start + _BATCH_TEXTS]
            found = shingles([self._text_of(number) for number in batch], self._words)
            for place, number in enumerate(batch):
                self._kept[number] = own = found.set_of(place)
                self._size += len(own)

    def alike(self, one: int, other: int) -> float:
        """Jaccard similarity of two texts; 0 where their sizes alone keep it below the threshold."""
        if one not in self._kept or other not in self._kept:
            self.fetch((one, other))
        mine, others = self._kept[one], self._kept[other]
        few, many = sorted((len(mine), len(others)))
        return jaccard(mine, others) if few >= self._threshold * many else 0.0


class _Roots:
    """Union-find over text numbers; texts alone take no memory."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def of(self, number: int) -> int:
        while (above := self._parent.get(number, number)) != number:
            self._parent[number] = self._parent.get(above, above)
            number = above
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.of(one), self.of(other)))
        if low != high:
            self._parent[high] = low


@dataclass
class _Verifier:
    sketches: Sketches
    sets: _Sets
    threshold: float
    every: bool
    roots: _Roots = field(default_factory=_Roots)
    found: list[tuple[int, int]] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)
    compared: int = 0
    least: float = field(init=False)
    """Agreement of sketches below which no pair is looked at: four standard errors under the threshold."""

    def __post_init__(self) -> None:
        error = math.sqrt(self.threshold * (1 - self.threshold) / self.sketches.places.shape[1])
        self.least = self.threshold - 4 * error

    def known(self, pair: tuple[int, int]) -> bool:
        """Whether there is nothing to learn from looking at this pair."""
        return pair in self.seen or (not self.every and self.roots.of(pair[0]) == self.roots.of(pair[1]))

    def near(self, pair: tuple[int, int]) -> bool:
        """Compare; a pair above the threshold is kept and joined."""
        self.seen.add(pair)
        self.compared += 1
        if self.sets.alike(*pair) < self.threshold:
            return False
        self.found.append(pair)
        self.roots.join(*pair)
        return True

    def small(self, pairs: list[tuple[int, int]]) -> None:
        """Every pair of small buckets."""
        if not pairs:
            return
        numbers = np.array(pairs, dtype=np.int64)
        likely = numbers[self.sketches.likeness(numbers[:, 0], numbers[:, 1]) >= self.least]
        wanted = [pair for one, other in likely.tolist() if not self.known(pair := (one, other))]
        self.sets.fetch(number for pair in wanted for number in pair)
        for pair in wanted:
            if not self.known(pair):
                self.near(pair)

    def large(self, bucket: list[int]) -> bool:
        """Each text of a large bucket meets one text of each group so far. True when there were too many groups."""
        leaders: dict[int, int] = {}
        cut = False
        for place, number in enumerate(bucket):
            if place % _BATCH_TEXTS == 0:
                self.sets.fetch((*bucket[place : place + _BATCH_TEXTS], *leaders.values()))
            if self.roots.of(number) in leaders:
                continue
            if not self._meets(number, list(leaders.values())):
                cut |= len(leaders) >= MOST_LEADERS
                if len(leaders) < MOST_LEADERS:
                    leaders[self.roots.of(number)] = number
            elif len(leaders) > 1:
                leaders = {self.roots.of(one): one for one in leaders.values()}
        return cut

    def _meets(self, number: int, leaders: list[int]) -> bool:
        """Join a text to the first leader that is near; False when there is none."""
        if not leaders:
            return False
        others = np.array(leaders, dtype=np.int64)
        alike = self.sketches.likeness(others, number)
        for place in np.argsort(-alike, kind="stable").tolist():
            pair = (min(number, leaders[place]), max(number, leaders[place]))
            if alike[place] < self.least:
                return False
            if pair not in self.seen and self.near(pair):
                return True
        return False


def _verify(sketches: Sketches, sets: _Sets, threshold: float, *, every: bool) -> NearPairs:
    verifier = _Verifier(sketches, sets, threshold, every)
    cut = 0
    for band in range(sketches.keys.shape[1]):
        pairs: list[tuple[int, int]] = []
        for bucket in _buckets(sketches.keys[:, band]):
            if len(bucket) > ALL_PAIRS and not every:
                cut += verifier.large(bucket)
                continue
            pairs += itertools.combinations(bucket, 2)
            if len(pairs) >= _BATCH_PAIRS:
                verifier.small(pairs)
                pairs = []
        verifier.small(pairs)
    return NearPairs(sorted(verifier.found), verifier.compared, cut)


def _buckets(keys: NDArray[np.uint32]) -> Iterator[list[int]]:
    """Numbers of texts that share a key, smallest first."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
    for place in np.flatnonzero(np.diff(edges) > 1):
        yield order[edges[place] : edges[place + 1]].tolist()
