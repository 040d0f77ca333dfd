"""Does a step of the answer resemble no step that was ever taught or written down?"""

from medtune.audit.checks.answer import Answer, passed, review
from medtune.runs.records.audit import CheckResult

NAME = "novelty"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_SEVERITY = 3


def check(answer: Answer) -> list[CheckResult] | None:
    """Each such step is for a person: new is not wrong. None when there is nothing to compare with."""
    if answer.novelty is None:
        return None
    strange = [(step, near) for step, near in answer.novelty.steps if near < answer.novelty.limit]
    found = [
        review(NAME, _SEVERITY, "novel_step", f"{near:.2f} alike to the nearest known step", step[:200])
        for step, near in strange
    ]
    return found or [passed(NAME, _SEVERITY)]
