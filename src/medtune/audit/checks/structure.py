"""Does the answer meet the task's output contract? Order and bodies count, not the mere presence of labels."""

from medtune.audit.checks.answer import Answer, failed, passed
from medtune.runs.records.audit import CheckResult
from medtune.tasks import check_contract

NAME = "structure"
VERSION = 1
"""Raised when the same answer could be judged differently than before; the contract has a version of its own."""

_SEVERITY = 2


def check(answer: Answer) -> CheckResult | None:
    """Every problem in the reason, the words of the first in the span; None where no contract applies."""
    if answer.task is None:
        return None
    problems = check_contract(answer.task, answer.text, answer.finish_reason, answer.question).problems
    if not problems:
        return passed(NAME, _SEVERITY)
    words = "; ".join([problems[0].reason, *(f"{problem.name}: {problem.reason}" for problem in problems[1:])])
    return failed(NAME, _SEVERITY, problems[0].name, words, problems[0].span)
