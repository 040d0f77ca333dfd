"""Training, validation and test by topic: what shares a topic, a document or (without topic) a question stays together.

Which split a group goes to depends on the seed and the group's own name alone, so that rows that come or go elsewhere
move nothing.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from medtune.core.errors import DataError
from medtune.core.hashing import sha256_text
from medtune.core.io import read_text
from medtune.core.text import fold
from medtune.prepare.draft import Draft
from medtune.runs.records.prepare import Split

_TOPIC = "topic:"
_LARGE_GROUP = 50
"""Groups of at most so many rows are never too large for a split."""


class Asked(Protocol):
    """What decides the place of a test row."""

    @property
    def id(self) -> str:
        """Unique in the run."""

    @property
    def topic(self) -> str:
        """Folded; empty when the record says none."""

    @property
    def converter(self) -> str:
        """Which converter made it."""


AskedT = TypeVar("AskedT", bound=Asked)


@dataclass(frozen=True)
class SplitRule:
    """How rows are split: by named topics, or by share; shares are between 0 and 1."""

    seed: int
    validation_share: float
    test_share: float
    test_topics: frozenset[str] | None
    """Folded; None when the test split is drawn by share."""


def read_topics(path: Path) -> frozenset[str]:
    """One topic a line, folded; blank lines and lines that start with # are left out. Raises DataError."""
    lines = (line.strip() for line in read_text(path).splitlines())
    topics = frozenset(fold(line) for line in lines if line and not line.startswith("#"))
    if not topics:
        raise DataError("this file names no topic", where=str(path), next_step="write one topic a line")
    return topics


@dataclass(frozen=True)
class Placed:
    """Where each row goes, and how the rows hang together."""

    splits: list[Split]
    """One for each row."""
    groups: NDArray[np.int32]
    """Shape (rows,): rows of one number share a topic, a document, a question or nearly all of their words."""
    to_train: int
    """Groups that a draw would have put elsewhere, too large for it."""


def split(drafts: Sequence[Draft], rule: SplitRule) -> dict[Split, list[Draft]]:
    """Drafts by split, without looking at near duplicates."""
    parts: dict[Split, list[Draft]] = {"train": [], "validation": [], "test": []}
    placed = place([draft.keys for draft in drafts], rule)
    for draft, name in zip(drafts, placed.splits, strict=True):
        parts[name].append(draft)
    return parts


def place(keys: Iterable[Sequence[str]], rule: SplitRule, near: Sequence[tuple[int, int]] = ()) -> Placed:
    """The split of each row, from the keys of each row (read twice) and the pairs of rows that are near duplicates.

    However few rows there are: of two groups one is for validation, of three one for the test. (No group is put into
    the test split when its share is 0 or its topics are named.) A group that alone is larger than a split's share goes
    to training.
    """
    groups = _groups(keys, near)
    sizes = np.bincount(groups)
    names, named = _names(keys, groups, len(sizes), rule.test_topics or frozenset())
    chosen: list[Split] = ["train"] * len(sizes)
    large = 0
    rest = range(len(sizes))
    if rule.test_topics is None:
        test, large = _draw(rest, names, sizes, rule, what="test", at_least=3)
    else:
        test = named
    rest_names = [group for group in rest if group not in test]
    validation, more = _draw(rest_names, names, sizes, rule, what="validation", at_least=2)
    for group in test:
        chosen[group] = "test"
    for group in validation:
        chosen[group] = "validation"
    return Placed([chosen[group] for group in groups.tolist()], groups, large + more)


def asking_order(drafts: Iterable[AskedT], rule: SplitRule) -> list[AskedT]:
    """Test rows: the first of each topic, then the second of each; topics in a seeded order, so that a part is fair.

    Of a first round, gold rows stand first, then the topics that the recipe names.
    """
    rank: dict[str, int] = {}
    ordered = []
    for draft in sorted(drafts, key=lambda draft: (draft.converter != "terms", draft.id)):
        name = draft.topic or draft.id
        rank[name] = rank.get(name, -1) + 1
        named = draft.converter == "gold" or rule.test_topics is None or draft.topic in rule.test_topics
        place = (draft.converter != "gold", rank[name], not named, sha256_text(f"{rule.seed}:test:{name}"), draft.id)
        ordered.append((place, draft))
    return [draft for _, draft in sorted(ordered, key=lambda item: item[0])]


def _draw(
    groups: Sequence[int], names: Sequence[str], sizes: NDArray[np.int64], rule: SplitRule, *, what: str, at_least: int
) -> tuple[set[int], int]:
    """Groups whose number is below the share; the smallest one where that is none and there are `at_least`.

    Also how many were left to training for their size.
    """
    share = rule.test_share if what == "test" else rule.validation_share
    if share <= 0:
        return set(), 0
    numbers = {group: _share(rule.seed, what, names[group]) for group in groups}
    drawn = {group for group, number in numbers.items() if number < share}
    most = max(_LARGE_GROUP, share * float(sizes.sum()))
    chosen = {group for group in drawn if sizes[group] <= most}
    if not chosen and len(groups) >= at_least:
        return {min(groups, key=lambda group: (sizes[group] > most, numbers[group]))}, 0
    return chosen, len(drawn) - len(chosen)


def _names(
    keys: Iterable[Sequence[str]], groups: NDArray[np.int32], count: int, topics: frozenset[str]
) -> tuple[list[str], set[int]]:
    """The smallest key of each group (topics before documents, so that a topic names its group), and the groups of
    these topics.
    """
    names: list[str] = [""] * count
    of_topics = set()
    for group, row in zip(groups.tolist(), keys, strict=True):
        best = min(row, key=_naming_order)
        if not names[group] or _naming_order(best) < _naming_order(names[group]):
            names[group] = best
        if topics and any(key.startswith(_TOPIC) and key.removeprefix(_TOPIC) in topics for key in row):
            of_topics.add(group)
    return names, of_topics


def _groups(keys: Iterable[Sequence[str]], near: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    """The connected component of each row in the graph of rows, keys and near duplicates."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, codes = array("i"), array("Q")
    count = 0
    for row in keys:
        for key in row:
            rows.append(count)
            codes.append(int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little"))
        count += 1
    if not count:
        return np.zeros(0, dtype=np.int32)
    found, node = np.unique(np.frombuffer(codes, dtype=np.uint64), return_inverse=True)
    pairs = np.array(near, dtype=np.int32).reshape(-1, 2)
    start = np.concatenate((np.frombuffer(rows, dtype=np.int32), pairs[:, 0]))
    end = np.concatenate((node.astype(np.int32) + np.int32(count), pairs[:, 1]))
    size = count + len(found)
    graph = coo_matrix((np.ones(len(start), dtype=np.int8), (start, end)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][:count]
    result: NDArray[np.int32] = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    return result


def _naming_order(key: str) -> tuple[bool, str]:
    return (not key.startswith(_TOPIC), key)


def _share(seed: int, what: str, name: str) -> float:
    """A number from 0 to 1 that belongs to this name."""
    return int(sha256_text(f"{seed}:{what}:{name}")[:13], 16) / 16**13
