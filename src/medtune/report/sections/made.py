"""What was made of what: the flow of the run."""

from collections import Counter
from typing import Any

from medtune.report.load import HELD_OUT, Loaded


def flow(run: Loaded) -> dict[str, Any]:
    """Counts at each step from sources to release, with what was dropped and why."""
    suites = Counter(case.suite for case in run.cases.values())
    rejections = _rejections(run.stats.get("rejected", {}))
    return {
        "sources": [source.model_dump(mode="json") for source in run.sources],
        "rows": sum(source.rows for source in run.sources),
        "kept": sum(source.kept for source in run.sources),
        "examples": run.stats["rows"],
        "rejected": sum(row["count"] for row in rejections),
        "rejections": rejections,
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


def _rejections(steps: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    counts = [(-count, step, reason) for step, reasons in steps.items() for reason, count in reasons.items()]
    return [{"step": step, "reason": reason, "count": -count} for count, step, reason in sorted(counts)]
