"""Suites that were graded by rubric: decision matrix, rates by category, flips, worst answers, decisions of persons."""

from typing import Any

from medtune.report.load import Loaded
from medtune.runs.records.audit import Grade, Outcome, Verdict

_FLIPS_SHOWN = 6
_REVIEWED = ("reviewed", "unreviewed")


def graded(run: Loaded) -> dict[str, Any]:
    """Everything about answers with a rubric; empty when no suite was graded."""
    categories = run.summary.get("categories") or {}
    if not categories:
        return {}
    rubrics = {state: _scenarios(run, state) for state in _REVIEWED}
    return {
        "decides": any(verdict.clinical is not None for verdict in run.verdicts),
        "matrix": [_row(verdict) for verdict in run.verdicts if verdict.clinical is not None],
        "rubrics": rubrics,
        "categories": [
            {"build": build, "category": name, **figures}
            for build, of_build in categories.items()
            for name, figures in of_build.items()
        ],
        "power": run.summary.get("clinical_power", {}).get("words", ""),
        "flips": [_flips(run, build, found) for build, found in (run.summary.get("clinical_flips") or {}).items()],
        "worst": [
            {"build": build, "items": [_answer(run, build, row) for row in rows]}
            for build, rows in (run.summary.get("worst") or {}).items()
            if rows
        ],
        "instrument": run.summary.get("instrument_proof") or {},
        "decisions": [
            {key: row.get(key, "") for key in ("time", "kind", "person", "decision", "build", "case", "note")}
            for row in run.summary.get("decisions") or []
        ],
        "regrade": _regrade(run),
    }


def _row(verdict: Verdict) -> dict[str, Any]:
    assert verdict.clinical is not None
    return {
        "build": verdict.build,
        "verdict": str(verdict.verdict),
        "signed_by": verdict.signed_by or "",
        **verdict.clinical.model_dump(mode="json"),
        "decided_by": [row.model_dump(mode="json") for row in verdict.decided_by[:3]],
    }


def _scenarios(run: Loaded, state: str) -> int:
    return len({grade.cluster for grade in run.all_grades.values() if grade.rubric == state})


def _flips(run: Loaded, build: str, found: dict[str, Any]) -> dict[str, Any]:
    """The first flips against F16, both answers side by side."""
    parent = next((verdict.build for verdict in run.verdicts if verdict.role == "parent"), "")
    shown = []
    for row in found["lost"][:_FLIPS_SHOWN]:
        pair = [_answer(run, name, {"case": row["case"], "sample": 0}) for name in (parent, build)]
        shown.append({"case": row["case"], "answers": pair})
    return {
        "build": build,
        "lost": len(found["lost"]),
        "gained": len(found["gained"]),
        "p_value": found["p_value"],
        "items": shown,
    }


def _answer(run: Loaded, build: str, row: dict[str, Any]) -> dict[str, Any]:
    """One answer with its question, verdict and what was found in it; texts of public cases only."""
    key = (row["case"], build, row["sample"])
    response, grade, case = run.all_responses.get(key), run.all_grades.get(key), run.cases.get(row["case"])
    public = case is not None and case.public
    return {
        "build": build,
        "case": row["case"],
        "sample": row["sample"],
        "public": public,
        "question": case.messages[-1].content if case and public else None,
        "text": response.text if response and public else None,
        "finish_reason": response.finish_reason if response else "error",
        "completion_tokens": response.completion_tokens if response else 0,
        "whole_form": grade.whole_form if grade else None,
        "verdict": str(grade.verdict) if grade and grade.verdict else "",
        "adjudicated": grade.adjudicated if grade and grade.adjudicated else "",
        "checks": _checks(grade, public) if grade else [],
    }


def _checks(grade: Grade, public: bool) -> list[dict[str, str]]:
    return [
        {
            "check": check.check,
            "outcome": str(check.outcome),
            "reason": check.reason if public else "",
            "span": check.span if public else "",
        }
        for check in grade.checks
        if check.outcome != Outcome.PASS
    ]


def _regrade(run: Loaded) -> dict[str, Any]:
    registration = run.summary.get("registration", {})
    if not registration.get("regraded"):
        return {}
    flips = registration.get("flips") or []
    return {"flips": flips, "count": len(flips)}
