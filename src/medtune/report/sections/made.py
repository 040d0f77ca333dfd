"""What was made of what: the flow of the run, and the data card."""

from collections import Counter
from math import ceil
from typing import Any

from medtune.report.load import HELD_OUT, Loaded

_BINS = 16


def flow(run: Loaded) -> dict[str, Any]:
    """Counts at each step from sources to release, with what was dropped and why."""
    suites = Counter(case.suite for case in run.cases.values())
    return {
        "sources": [source.model_dump(mode="json") for source in run.sources],
        "rows": sum(source.rows for source in run.sources),
        "kept": sum(source.kept for source in run.sources),
        "examples": {split: len(rows) for split, rows in run.examples.items()},
        "rejected": len(run.rejected),
        "rejections": _rejections(run),
        "builds": len(run.builds),
        "cases": len(run.cases),
        "suites": dict(sorted(suites.items(), key=lambda item: (item[0] != HELD_OUT, item[0]))),
        "gated": sum(case.gated for case in run.cases.values()),
        "answers": len(run.responses),
        "verdicts": dict(Counter(str(row.verdict) for row in sorted(run.verdicts, key=lambda row: row.verdict.rank))),
        "steps": max((metric.step for metric in run.metrics), default=0),
        "warnings": [
            {"stage": stage, "text": text} for stage, manifest in run.manifests.items() for text in manifest.warnings
        ],
    }


def _rejections(run: Loaded) -> list[dict[str, Any]]:
    counts = Counter((row.step, row.reason) for row in run.rejected)
    return [
        {"step": step, "reason": reason, "count": count}
        for (step, reason), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def data_card(run: Loaded) -> dict[str, Any]:
    """Licences, converters and lengths of the examples, by split."""
    rows = [row for split in run.examples.values() for row in split]
    limit = run.section("prepare", "prepare").get("max_tokens")
    return {
        "splits": [_split(name, run) for name in run.examples],
        "licences": [
            {"licence": licence, "count": count}
            for licence, count in sorted(Counter(row.licence for row in rows).items())
        ],
        "converters": [
            {"converter": name, "count": count}
            for name, count in sorted(Counter(row.converter for row in rows).items())
        ],
        "tokens": _lengths(
            [tokens for row in rows for tokens in row.lengths], limit if isinstance(limit, int) else None
        ),
        "phi": _phi(run.stats.get("phi")),
        "not_public": sum(not row.public for row in rows),
    }


def _phi(phi: Any) -> dict[str, Any] | None:
    """What the PHI gate did and how it measured itself; None in runs without one."""
    if not isinstance(phi, dict) or not phi:
        return None
    recall = (phi.get("planted") or {}).get("recall", {})
    found = phi["found"]
    return {
        "action": phi["action"],
        "records": phi["records"],
        "accepted": phi.get("accepted"),
        "kinds": [
            {
                "kind": kind,
                "planted": row["planted"],
                "recalled": row["found"],
                "clinical": found["clinical"].get(kind, 0),
                "public": found["public"].get(kind, 0),
            }
            for kind, row in recall.items()
        ],
    }


def _split(name: str, run: Loaded) -> dict[str, Any]:
    rows = run.examples[name]
    return {
        "split": name,
        "examples": len(rows),
        "topics": len({row.topic for row in rows if row.topic}),
        "tokens": sum(sum(row.lengths) for row in rows),
    }


def _lengths(tokens: list[int], limit: int | None) -> dict[str, Any]:
    """A histogram of token counts with round edges; the last edge lies above the longest example."""
    if not tokens:
        return {"edges": [], "counts": [], "limit": limit, "mean": None, "longest": None}
    longest = max(tokens)
    width = next(step for step in _round_steps() if ceil((longest + 1) / step) <= _BINS)
    edges = [width * number for number in range(ceil((longest + 1) / width) + 1)]
    counts = [0] * (len(edges) - 1)
    for count in tokens:
        counts[count // width] += 1
    return {
        "edges": edges,
        "counts": counts,
        "limit": limit,
        "mean": sum(tokens) / len(tokens),
        "longest": longest,
    }


def _round_steps() -> list[int]:
    return [digit * 10**power for power in range(8) for digit in (1, 2, 4, 5, 8)]
