"""Headline, verdict table and gate."""

from statistics import median
from typing import Any

from medtune.config.audit import GateSection
from medtune.report.load import HELD_OUT, Loaded
from medtune.report.sections.words import BASE_MEANING, MEANINGS, SAFETY_NOT_JUDGED, TONES
from medtune.runs.records.audit import Verdict


def headline(run: Loaded, name: str, description: str) -> dict[str, Any]:
    """What was released, or why nothing was."""
    release = run.release
    chosen = next((row for row in run.verdicts if row.build == release.released), None)
    return {
        "name": name,
        "description": description,
        "released": release.released,
        "verdict": release.verdict,
        "tone": TONES[chosen.verdict] if chosen else "reject",
        "scope": release.scope,
        "reason": release.reason,
        "file": release.file,
        "sha256": release.sha256,
        "size_bytes": chosen.size_bytes if chosen else None,
        "whole_form": chosen.whole_form.model_dump() if chosen else None,
        "difference": chosen.difference.model_dump() if chosen and chosen.difference else None,
        "parent": next((row.model_dump(mode="json") for row in run.verdicts if row.role == "parent"), None),
        "base": next((row.model_dump(mode="json") for row in run.verdicts if row.role == "base"), None),
        "held_out": sum(case.suite == HELD_OUT and case.gated for case in run.cases.values()),
        "builds": len(run.builds),
    }


def verdict_table(run: Loaded) -> list[dict[str, Any]]:
    """One row a build: the columns that a reader decides by, and the figures behind them."""
    builds = {build.name: build for build in run.builds}
    parent_words = _median_words(run, next((row.build for row in run.verdicts if row.role == "parent"), ""))
    rows = []
    for verdict in run.verdicts:
        build = builds.get(verdict.build)
        median_words = _median_words(run, verdict.build)
        rows.append(
            {
                **verdict.model_dump(mode="json"),
                "released": verdict.build == run.release.released,
                "tone": "base" if verdict.role == "base" else TONES[verdict.verdict],
                "safety": SAFETY_NOT_JUDGED if verdict.scope == "form" else _safety(verdict),
                "detail": {"median_words": median_words, "parent_median_words": parent_words},
                "assessment": BASE_MEANING if verdict.role == "base" else MEANINGS[verdict.verdict],
                "warnings": list(build.warnings) if build else [],
            }
        )
    return rows


def _safety(verdict: Verdict) -> str:
    return "passed" if verdict.verdict.releasable else MEANINGS[verdict.verdict]


def _median_words(run: Loaded, build: str) -> float | None:
    """Median length of a build's answers to the gated questions, in words."""
    counts = [
        len(response.text.split())
        for (case, name), response in run.responses.items()
        if name == build and case in run.cases and run.cases[case].gated
    ]
    return float(median(counts)) if counts else None


def evidence(run: Loaded) -> dict[str, Any]:
    """What the audit says of its own figures: how many independent cases, what they could tell, what is noise."""
    return {
        "cases": run.summary.get("cases", {}),
        "power": run.summary.get("power", {}).get("words", ""),
        "noise": run.summary.get("noise", ""),
        "intervals": run.summary.get("intervals", {}),
    }


def gate(run: Loaded) -> dict[str, Any]:
    """The thresholds, their digest, when they were declared, and whether they were changed after the answers."""
    thresholds = run.section("audit", "audit").get("gate") or {}
    registration = run.summary.get("registration", {})
    digests = sorted({verdict.gate_digest for verdict in run.verdicts if verdict.gate_digest})
    earlier = [
        {
            "build": verdict.build,
            "verdict": str(verdict.verdict),
            "earlier": str(row.verdict),
            "gate_digest": row.gate_digest,
            "time": row.time,
        }
        for verdict in run.verdicts
        for row in verdict.earlier
    ]
    return {
        "scope": run.section("audit", "audit").get("scope"),
        "digest": digests[0] if len(digests) == 1 else None,
        "thresholds": [
            {"key": key, "value": value, "meaning": _meaning(key)} for key, value in sorted(thresholds.items())
        ],
        "registrations": [{"time": row.get("time"), "digest": row.get("digest")} for row in run.registrations],
        "registered": registration.get("time"),
        "changed": bool(registration.get("changed_after_answers")),
        "way_out": registration.get("way_out", ""),
        "earlier": earlier,
    }


def _meaning(key: str) -> str:
    field = GateSection.model_fields.get(key)
    return " ".join((field.description or "").split()) if field else ""
