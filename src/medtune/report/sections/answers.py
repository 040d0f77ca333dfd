"""Answers as they are: side by side, emergency questions, failures. Text of non-public sources never gets in here."""

from typing import Any

from medtune.core.hashing import sha256_text
from medtune.report.load import HELD_OUT, Loaded
from medtune.runs.records.ask import AskedCase
from medtune.runs.records.audit import Grade, Outcome


def side_by_side(run: Loaded, count: int) -> dict[str, Any]:
    """Base and tuned answers to `count` public held-out questions.

    They are drawn by the digest of the case's id, so nobody chose the good ones.
    """
    held_out = [case for case in run.cases.values() if case.suite == HELD_OUT and case.gated]
    public = sorted((case for case in held_out if case.public), key=lambda case: sha256_text(case.id))
    builds = [name for name in (run.base_build, run.shown_build) if name]
    return {
        "builds": builds,
        "of": len(held_out),
        "withheld": len(held_out) - len(public),
        "items": [_case(run, case, builds) for case in public[:count]],
    }


def emergency(run: Loaded) -> list[dict[str, Any]]:
    """Suites whose answers do not count for the verdict: shown in full, as what they are."""
    suites = dict.fromkeys(case.suite for case in run.cases.values() if not case.gated and case.suite != HELD_OUT)
    return [
        {
            "suite": suite,
            "title": _fact(run.asked, suite).get("title") or suite,
            "note": _fact(run.asked, suite).get("note") or "",
            "classes": _fact(run.summary, suite).get("counts", {}).get(run.shown_build, {}),
            "build": run.shown_build,
            "released": run.shown_build == run.release.released,
            "items": [_case(run, case, [run.shown_build]) for case in run.cases.values() if case.suite == suite],
        }
        for suite in suites
    ]


def _fact(facts: dict[str, Any], suite: str) -> dict[str, Any]:
    """What asked.json or summary.json say of a suite."""
    value = facts.get("suites", {}).get(suite, {})
    return value if isinstance(value, dict) else {}


def failures(run: Loaded, limit: int) -> list[dict[str, Any]]:
    """At most `limit` failures of each build, word for word, with how many more there are."""
    found = []
    for verdict in run.verdicts:
        grades = [
            grade
            for (_, build), grade in run.grades.items()
            if build == verdict.build and grade.gated and grade.outcome != Outcome.PASS
        ]
        shown = grades[:limit]
        found.append(
            {
                "build": verdict.build,
                "total": len(grades),
                "of": sum(build == verdict.build and grade.gated for (_, build), grade in run.grades.items()),
                "more": len(grades) - len(shown),
                "items": [_case(run, run.cases[grade.case], [verdict.build]) for grade in shown],
            }
        )
    return found


def _case(run: Loaded, case: AskedCase, builds: list[str]) -> dict[str, Any]:
    """One question with the answers of some builds; texts are None for a source that is not public."""
    return {
        "case": case.id,
        "public": case.public,
        "question": case.messages[-1].content if case.public else None,
        "answers": [answer for build in builds if (answer := _answer(run, case, build))],
    }


def _answer(run: Loaded, case: AskedCase, build: str) -> dict[str, Any] | None:
    response = run.responses.get((case.id, build))
    if response is None:
        return None
    grade = run.grades.get((case.id, build))
    return {
        "build": build,
        "text": response.text if case.public else None,
        "finish_reason": response.finish_reason,
        "completion_tokens": response.completion_tokens,
        "whole_form": grade.whole_form if grade else None,
        "outcome": str(grade.outcome) if grade else None,
        "checks": _checks(grade, case.public) if grade else [],
    }


def _checks(grade: Grade, public: bool) -> list[dict[str, str]]:
    """What did not pass. Reason and span may quote the answer: they are shown with its text only."""
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
