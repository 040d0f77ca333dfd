"""stats.json: how many rows of what came from where, how long they are, and what was dropped why.

Text stands in its samples only, and these are of public sources.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medtune.core.hashing import sha256_text
from medtune.prepare.draft import Dropped, Rejections
from medtune.prepare.near.pairs import NearPairs
from medtune.runs.records.collect import SourceFacts
from medtune.runs.records.prepare import Example, Split

_SPLITS: tuple[Split, ...] = ("train", "validation", "test")
_BIN_TOKENS = 32
_SAMPLES = 5
_SAMPLE_CHARS = 600
_LARGEST = 10
_LONGEST_HISTOGRAM = 64


class Tally:
    """Counts rows as they are written; memory does not grow with them, but for topics and lengths."""

    def __init__(self, sources: Iterable[SourceFacts], max_tokens: int) -> None:
        self._sources = {facts.name: facts for facts in sources}
        self._limit = max_tokens
        self.rows: dict[Split, int] = dict.fromkeys(_SPLITS, 0)
        self.topics: dict[Split, set[str]] = {split: set() for split in _SPLITS}
        self._without_topic: dict[Split, int] = dict.fromkeys(_SPLITS, 0)
        self._converters: dict[Split, Counter[str]] = {split: Counter() for split in _SPLITS}
        self._of_sources: dict[Split, Counter[str]] = {split: Counter() for split in _SPLITS}
        self._lengths: dict[Split, Counter[int]] = {split: Counter() for split in _SPLITS}
        self._licences: Counter[tuple[str, str]] = Counter()
        self._templates: dict[str, Counter[str]] = {}
        self._cut: Counter[int] = Counter()
        self._samples: list[tuple[str, dict[str, Any]]] = []
        self._not_public = 0

    def add(self, split: Split, row: Example, template: str = "") -> None:
        """Count one row."""
        self.rows[split] += 1
        self._converters[split][row.converter] += 1
        self._of_sources[split][row.source] += 1
        self._lengths[split].update(row.lengths)
        self._licences[row.source, row.licence] += 1
        self._not_public += not row.public
        if row.topic:
            self.topics[split].add(row.topic)
        else:
            self._without_topic[split] += 1
        if template:
            self._templates.setdefault(row.converter, Counter())[template] += 1
        if split == "train" and row.public:
            self._sample(row)

    def cut(self, tokens: int) -> None:
        """Count a row that is left out because it has so many tokens."""
        self._cut[tokens] += 1

    def describe(self, rejections: Rejections) -> dict[str, Any]:
        """Everything that is counted, as JSON values."""
        return {
            "rows": dict(self.rows),
            "converters": {split: _sorted(counts) for split, counts in self._converters.items()},
            "sources": {split: _sorted(counts) for split, counts in self._of_sources.items()},
            "topics": {split: len(topics) for split, topics in self.topics.items()},
            "rows_without_topic": dict(self._without_topic),
            "not_public": self._not_public,
            "tokens": {split: _tokens(counts) for split, counts in self._lengths.items()},
            "cut": {"limit": self._limit, **_tokens(self._cut), "rows": sum(self._cut.values())},
            "templates": {name: _sorted(counts) for name, counts in sorted(self._templates.items())},
            "rejected": _rejected(rejections.rows),
            "rejected_by_source": self._rejected_by_source(rejections),
            "duplicates": sum(row.step == "dedup" for row in rejections.rows),
            "licences": self._licence_lines(),
            "samples": [sample for _, sample in self._samples],
        }

    def _sample(self, row: Example) -> None:
        """Keep the first few rows by the digest of their id: a fair draw that needs no second look."""
        place = sha256_text(f"sample:{row.id}")
        if len(self._samples) < _SAMPLES or place < self._samples[-1][0]:
            turns = [turn for turn in row.messages if turn.role != "system"]
            sample = {
                "id": row.id,
                "source": row.source,
                "converter": row.converter,
                "messages": [{"role": turn.role, "content": turn.content[:_SAMPLE_CHARS]} for turn in turns],
            }
            self._samples = sorted([*self._samples, (place, sample)], key=lambda item: item[0])[:_SAMPLES]

    def _rejected_by_source(self, rejections: Rejections) -> dict[str, dict[str, dict[str, int]]]:
        """Count per source, step and reason; ids of records and rows hold the name of their source."""
        own: dict[str, list[Dropped]] = {}
        for row in rejections.rows:
            parts = row.id.split("/")
            name = next((part for part in parts[:2] if part in self._sources), "")
            own.setdefault(name or "not of a source", []).append(row)
        return {name: _rejected(rows) for name, rows in sorted(own.items())}

    def _licence_lines(self) -> list[dict[str, Any]]:
        """One line for each source and licence that rows of this run carry."""
        known = {(row[0]): self._sources.get(row[0]) for row in self._licences}
        return [
            {
                "source": source,
                "licence": licence,
                "attribution": facts.attribution if (facts := known[source]) else "",
                "url": facts.url if facts else "",
                "terms": facts.terms if facts else "",
                "rows": count,
            }
            for (source, licence), count in sorted(self._licences.items())
        ]


@dataclass(frozen=True)
class NearFacts:
    """Clusters of rows that say nearly the same."""

    clusters: list[list[int]]
    facts: dict[str, Any]

    def kept(self, left: Collection[int]) -> dict[str, int]:
        """How many rows of clusters go on; nothing where no cluster was looked for."""
        rows = [number for cluster in self.clusters for number in cluster]
        return {"kept": sum(number not in left for number in rows)} if self.facts else {}

    def others(self, ranks: Any, splits: Sequence[Split], left: Collection[int]) -> Iterator[int]:
        """All but one of each cluster: the one that stays is a test row before others, then the first by id."""
        order = {"test": 0, "validation": 1, "train": 2}
        for cluster in self.clusters:
            rows = sorted((n for n in cluster if n not in left), key=lambda n: (order[splits[n]], int(ranks[n])))
            yield from rows[1:]


def near_facts(near: NearPairs | None, threshold: float) -> NearFacts:
    """What stats.json says of near duplicates."""
    if near is None:
        return NearFacts([], {})
    roots: dict[int, int] = {}

    def root(number: int) -> int:
        while roots.setdefault(number, number) != number:
            roots[number] = roots[roots[number]]
            number = roots[number]
        return number

    for one, other in near.pairs:
        low, high = sorted((root(one), root(other)))
        roots[high] = low
    members: dict[int, list[int]] = {}
    for number in sorted(roots):
        members.setdefault(root(number), []).append(number)
    sizes = sorted((len(cluster) for cluster in members.values()), reverse=True)
    facts = {
        "threshold": threshold,
        "clusters": len(sizes),
        "rows": sum(sizes),
        "largest": sizes[:_LARGEST],
        "pairs_compared": near.compared,
        "buckets_not_compared_whole": near.cut_buckets,
    }
    return NearFacts(list(members.values()), facts)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _rejected(rows: Iterable[Dropped]) -> dict[str, dict[str, int]]:
    """Count per step and reason."""
    steps: dict[str, Counter[str]] = {}
    for row in rows:
        steps.setdefault(row.step, Counter())[row.reason] += 1
    return {step: dict(sorted(reasons.items())) for step, reasons in sorted(steps.items())}


def _tokens(lengths: Counter[int]) -> dict[str, Any]:
    """Lengths of the training rows in tokens; each bin of the histogram is `from` <= tokens < `to`."""
    count = sum(lengths.values())
    if not count:
        return {"total": 0, "histogram": []}
    total = sum(length * rows for length, rows in lengths.items())
    width = _BIN_TOKENS
    while max(lengths) // width >= _LONGEST_HISTOGRAM:
        width *= 2
    bins: Counter[int] = Counter()
    for length, rows in lengths.items():
        bins[length // width] += rows
    return {
        "total": total,
        "mean": round(total / count, 1),
        **{f"p{percent}": _at(lengths, min(count - 1, count * percent // 100)) for percent in (5, 50, 95, 99)},
        "max": max(lengths),
        "histogram": [
            {"from": number * width, "to": (number + 1) * width, "rows": bins[number]}
            for number in range(max(bins) + 1)
        ],
    }


def _at(lengths: Counter[int], place: int) -> int:
    """The length at a place when all are sorted."""
    for length in sorted(lengths):
        place -= lengths[length]
        if place < 0:
            return length
    raise AssertionError("the place lies behind the last length")
