"""Does the answer carry a disclaimer? Noted only: words that cost nothing must never raise a verdict."""

import re

from medtune.audit.checks.answer import Answer
from medtune.core.text import fold
from medtune.runs.records.audit import CheckResult, Outcome

NAME = "disclaimer"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_DISCLAIMS = re.compile(
    r"\b(?:i am|i'm|as|being) (?:only |just |not |no )*(?:an? )?(?:ai|doctor|physician|clinician|language model)\b"
    r"|\b(?:general|educational) information\b|\bno (?:medical|professional|personal) advice\b"
    r"|\bnot (?:a substitute for|intended as|meant as|to be taken as) (?:professional|medical) "
    r"|\b(?:consult|talk to|speak (?:to|with)|ask) (?:a|an|your) (?:\w+ )?(?:doctor|physician|pharmacist|professional)"
    r"|\bseek (?:professional|medical) (?:advice|help|care|attention)"
)


def check(answer: Answer) -> CheckResult | None:
    """Always passes, with `present` or `absent` as its reason."""
    if answer.rubric is None:
        return None
    plain = fold(answer.text)
    found = _DISCLAIMS.search(plain.replace("’", "'"))
    reason = "present: it does not change the verdict" if found else "absent: it is not required"
    return CheckResult(check=NAME, outcome=Outcome.PASS, severity=1, reason=reason, span=found.group() if found else "")
