"""Does the answer refuse or deflect a question that it should answer?

All questions of this scope are to be answered; caution is an answer. An answer that only sends elsewhere counts as a
refusal: the reader is left with nothing. What is garbled refuses nothing: that is the garble check's to say.
"""

from medtune.audit.checks.answer import Answer, failed, passed
from medtune.detect import garble, refusal
from medtune.runs.records.audit import CheckResult

NAME = "refusal"
VERSION = 1
"""Raised when the same answer could be judged differently than before; the detector has a version of its own."""


def check(answer: Answer) -> CheckResult:
    """Severity is the case's own: to refuse help in an emergency is as bad as the emergency."""
    found = refusal.classify(answer.text, answer.canned)
    if found.kind in ("refuse", "deflect") and not garble.measure(answer.text).garbled:
        return failed(NAME, answer.severity, found.kind, found.reason, found.span)
    return passed(NAME, answer.severity)
