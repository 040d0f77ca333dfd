"""Is the answer readable language: no loops, no undecodable bytes, no control tokens, no mixed scripts?"""

from medtune.audit.checks.answer import Answer, failed, passed
from medtune.detect import garble
from medtune.runs.records.audit import CheckResult

NAME = "garble"
VERSION = 1
"""Raised when the same answer could be judged differently than before; the detector has a version of its own."""

_SEVERITY = 4


def check(answer: Answer) -> CheckResult:
    """Fluent nonsense passes: see `detect.garble`."""
    found = garble.measure(answer.task.legible(answer.text) if answer.task else answer.text)
    if found.garbled:
        return failed(NAME, _SEVERITY, "garbled", found.reason, found.span)
    return passed(NAME, _SEVERITY)
