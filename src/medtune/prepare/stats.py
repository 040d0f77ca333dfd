"""stats.json: how many rows of what came from where, how long they are, and what was dropped why. No text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from medtune.prepare.draft import Rejections
from medtune.runs.records.collect import SourceFacts
from medtune.runs.records.prepare import Example, Split

_BIN_TOKENS = 32


def describe(
    splits: Mapping[Split, Sequence[Example]], sources: Iterable[SourceFacts], rejections: Rejections
) -> dict[str, Any]:
    """Everything that is counted, as JSON values."""
    everything = [example for rows in splits.values() for example in rows]
    return {
        "rows": {split: len(rows) for split, rows in splits.items()},
        "converters": {split: _counts(row.converter for row in rows) for split, rows in splits.items()},
        "sources": {split: _counts(row.source for row in rows) for split, rows in splits.items()},
        "topics": {split: len({row.topic for row in rows if row.topic}) for split, rows in splits.items()},
        "rows_without_topic": {split: sum(not row.topic for row in rows) for split, rows in splits.items()},
        "tokens": {
            split: _tokens([tokens for row in rows for tokens in row.lengths]) for split, rows in splits.items()
        },
        "rejected": _rejected(rejections),
        "duplicates": sum(row.step == "dedup" for row in rejections.rows),
        "licences": _licences(everything, sources),
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _rejected(rejections: Rejections) -> dict[str, dict[str, int]]:
    """Count per step and reason."""
    steps: dict[str, Counter[str]] = {}
    for row in rejections.rows:
        steps.setdefault(row.step, Counter())[row.reason] += 1
    return {step: dict(sorted(reasons.items())) for step, reasons in sorted(steps.items())}


def _tokens(lengths: list[int]) -> dict[str, Any]:
    """Lengths of the training rows in tokens; each bin of the histogram is `from` <= tokens < `to`."""
    if not lengths:
        return {"total": 0, "histogram": []}
    ordered = sorted(lengths)
    bins = Counter(length // _BIN_TOKENS for length in lengths)
    return {
        "total": sum(lengths),
        "mean": round(sum(lengths) / len(lengths), 1),
        **{f"p{percent}": ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] for percent in (5, 50, 95, 99)},
        "max": ordered[-1],
        "histogram": [
            {"from": number * _BIN_TOKENS, "to": (number + 1) * _BIN_TOKENS, "rows": bins[number]}
            for number in range(max(bins) + 1)
        ],
    }


def _licences(examples: list[Example], sources: Iterable[SourceFacts]) -> list[dict[str, Any]]:
    """One line for each source and licence that rows of this run carry."""
    known = {facts.name: facts for facts in sources}
    counts = Counter((row.source, row.licence) for row in examples)
    return [
        {
            "source": source,
            "licence": licence,
            "attribution": known[source].attribution if source in known else "",
            "url": known[source].url if source in known else "",
            "rows": count,
        }
        for (source, licence), count in sorted(counts.items())
    ]
