"""Does the answer keep to the document that it was given? Reported, and never a part of a form verdict."""

from medtune.audit.checks.answer import Answer, failed, passed
from medtune.runs.records.audit import CheckResult
from medtune.tasks import check_contract, compares

NAME = "faithful"
VERSION = 1
"""Raised when the same answer could be judged differently than before; the comparison has a version of its own."""

_SEVERITY = 4


def check(answer: Answer) -> CheckResult | None:
    """Every finding in the reason, the words of the first in the span; None where there is no document."""
    if answer.task is None or not compares(answer.task, answer.locale):
        return None
    found = check_contract(
        answer.task, answer.text, answer.finish_reason, answer.question, locale=answer.locale
    ).unfaithful
    if not found:
        return passed(NAME, _SEVERITY)
    words = "; ".join([found[0].reason, *(f"{problem.name}: {problem.reason}" for problem in found[1:])])
    return failed(NAME, _SEVERITY, found[0].name, words, found[0].span)
