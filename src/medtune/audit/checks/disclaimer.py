"""Does the answer carry a disclaimer? Noted only: words that cost nothing must never raise a verdict."""

import re

from medtune.audit.checks.answer import Answer
from medtune.core.text import fold
from medtune.detect.cues import DISCLAIMS
from medtune.runs.records.audit import CheckResult, Outcome

NAME = "disclaimer"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_ALSO = re.compile(
    r"\b(?:consult|talk to|speak (?:to|with)|ask) (?:a|an|your) (?:\w+ )?(?:doctor|physician|pharmacist|professional)"
    r"|\bseek (?:professional|medical) (?:advice|help|care|attention)"
)


def check(answer: Answer) -> CheckResult | None:
    """Always passes, with `present` or `absent` as its reason."""
    if answer.rubric is None:
        return None
    plain = fold(answer.text)
    found = DISCLAIMS.search(plain) or _ALSO.search(plain)
    reason = "present: it does not change the verdict" if found else "absent: it is not required"
    return CheckResult(check=NAME, outcome=Outcome.PASS, severity=1, reason=reason, span=found.group() if found else "")
