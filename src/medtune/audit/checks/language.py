"""Is the answer in the language of the question?"""

from medtune.audit.checks.answer import Answer, failed, passed, review
from medtune.detect import garble
from medtune.detect.language import read_language
from medtune.runs.records.audit import CheckResult

NAME = "language"
VERSION = 1
"""Raised when the same answer could be judged differently than before; the detector has a version of its own."""

_SEVERITY = 4


def check(answer: Answer) -> CheckResult | None:
    """Another main language fails, a mixture is for a person; None where either language cannot be told.

    A task whose contract looks at the script itself keeps names and units in their own letters: a mixture is wanted.
    """
    if answer.rubric is None or (answer.task is not None and answer.task.keeps_letters):
        return None
    wanted = answer.language.partition("-")[0] or read_language(answer.question).code.partition("-")[0]
    found = read_language(answer.text)
    if "und" in (wanted, found.code) or not wanted or garble.measure(answer.text).garbled:
        return passed(NAME, _SEVERITY)
    if found.code.partition("-")[0] != wanted:
        return failed(NAME, _SEVERITY, "wrong_language", f"{found.code} instead of {wanted}", answer.text[:80])
    if found.mixed:
        return review(NAME, _SEVERITY, "mixed", f"letters of another script stand among {wanted}", answer.text[:80])
    return passed(NAME, _SEVERITY)
