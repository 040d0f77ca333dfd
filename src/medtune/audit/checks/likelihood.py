"""Would the F16 parent have said this? Fluent nonsense of a damaged build is improbable to its parent."""

from math import isnan

from medtune.audit.checks.answer import Answer, passed, review
from medtune.runs.records.audit import CheckResult

NAME = "likelihood"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_SEVERITY = 3


def check(answer: Answer) -> CheckResult | None:
    """An answer whose worst window is more surprising than the parent's own ever are is for a person; None when it was
    not scored."""
    if answer.surprise is None:
        return None
    if isnan(answer.surprise.worst):
        raise ValueError("could not be scored")
    if answer.surprise.worst <= answer.surprise.limit:
        return passed(NAME, _SEVERITY)
    words = (
        f"{answer.surprise.worst:.2f} nats a token to the F16 parent, whose own answers stay below "
        f"{answer.surprise.limit:.2f}"
    )
    return review(NAME, _SEVERITY, "improbable", words, answer.surprise.span)
