"""Training, validation and test by topic: what shares a topic, a document or (without topic) a question stays together.

Which split a group goes to depends on the seed and the group's own name alone, so that rows that come or go elsewhere
move nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import DataError
from medtune.core.hashing import sha256_text
from medtune.core.io import read_text
from medtune.core.text import fold
from medtune.prepare.draft import Draft
from medtune.runs.records.prepare import Split


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


def split(drafts: Sequence[Draft], rule: SplitRule) -> dict[Split, list[Draft]]:
    """Drafts by split. However few rows there are: of two groups one is for validation, of three one for the test.

    (No group is put into the test split when its share is 0 or its topics are named.)
    """
    groups = _groups(drafts)
    if rule.test_topics is None:
        test = _draw(list(groups), rule.seed, "test", rule.test_share, at_least=3)
    else:
        test = {name for name, group in groups.items() if _names(group) & rule.test_topics}
    rest = [name for name in groups if name not in test]
    validation = _draw(rest, rule.seed, "validation", rule.validation_share, at_least=2)
    chosen: dict[Split, set[str]] = {
        "train": set(rest) - validation,
        "validation": validation,
        "test": test,
    }
    return {split: [draft for name in sorted(part) for draft in groups[name]] for split, part in chosen.items()}


def asking_order(drafts: Iterable[Draft], rule: SplitRule) -> list[Draft]:
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


def _draw(names: list[str], seed: int, what: str, share: float, at_least: int) -> set[str]:
    """Names whose number is below the share; the smallest one where that is none and there are `at_least`."""
    chosen = {name for name in names if _share(seed, what, name) < share}
    if not chosen and share > 0 and len(names) >= at_least:
        return {min(names, key=lambda name: _share(seed, what, name))}
    return chosen


def _names(group: list[Draft]) -> set[str]:
    """The folded topics of a group."""
    return {key.removeprefix("topic:") for draft in group for key in draft.keys if key.startswith("topic:")}


def _groups(drafts: Sequence[Draft]) -> dict[str, list[Draft]]:
    """Connected drafts under the smallest of their keys (topics before documents, so that a topic names its group)."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for draft in drafts:
        first, *others = draft.keys
        for other in others:
            low, high = sorted((root(first), root(other)), key=_naming_order)
            parent[high] = low
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(root(draft.keys[0]), []).append(draft)
    return groups


def _naming_order(key: str) -> tuple[bool, str]:
    return (not key.startswith("topic:"), key)


def _share(seed: int, what: str, name: str) -> float:
    """A number from 0 to 1 that belongs to this name."""
    return int(sha256_text(f"{seed}:{what}:{name}")[:13], 16) / 16**13
