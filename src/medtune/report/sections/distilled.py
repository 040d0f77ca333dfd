"""Rows that a teacher wrote: what passed at which try, how varied they are, and why others are not there."""

from typing import Any

from medtune.report.load import Loaded
from medtune.runs.records.distill import DistillFacts


def distilled(run: Loaded) -> list[dict[str, Any]]:
    """One item for each source with a teacher; empty in a run without one."""
    return [_source(facts) for facts in run.distilled]


def _source(facts: DistillFacts) -> dict[str, Any]:
    return {
        **facts.model_dump(mode="json", exclude={"rejected", "troubles", "held_back", "tries"}),
        "pass_rate": facts.accepted / facts.rows if facts.rows else 0.0,
        "tries": [
            {**tried.model_dump(mode="json"), "rate": tried.passed / tried.judged if tried.judged else 0.0}
            for tried in facts.tries
        ],
        "rejected": _counts(facts.rejected),
        "troubles": _counts(facts.troubles),
        "held_back": _counts(facts.held_back),
    }


def _counts(counts: dict[str, int]) -> list[dict[str, Any]]:
    """Most frequent first."""
    return [
        {"reason": reason, "count": count}
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
