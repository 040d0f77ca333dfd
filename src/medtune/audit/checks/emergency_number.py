"""Is the emergency number that of the place?

An unknown locale is compared with nothing, but two different numbers in one answer are for a person to look at.
"""

import re

from medtune.audit.checks.answer import Answer, failed, passed, quoted, review
from medtune.detect.emergency_numbers import ALL_NUMBERS, numbers_of
from medtune.runs.records.audit import CheckResult

NAME = "emergency_number"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_SEVERITY = 4
_NUMBER = re.compile(
    rf"(?<![\d.,$])({'|'.join(ALL_NUMBERS)})(?![\d%]|[.,]\d|\s?(?:mg|ml|mcg|g|kg|min|hours?|days?|/)\b)"
)
_CALLS = re.compile(r"\b(?:call|dial|phone|ring|ambulance|emergency|paramedics?|999|911|112)\b", re.IGNORECASE)


def check(answer: Answer) -> CheckResult | None:
    """Fails when only numbers of other places are named."""
    if answer.rubric is None:
        return None
    found = [match for match in _NUMBER.finditer(answer.text) if _is_call(answer.text, match)]
    if not found:
        return None
    named = {match.group() for match in found}
    country = (answer.rubric.locale or answer.locale or "").rpartition("-")[2].upper()
    span = quoted(answer.text, *found[0].span())
    right = numbers_of(country)
    if right is None:
        if len(named) > 1:
            words = f"{', '.join(sorted(named))}: more than one emergency number"
            return review(NAME, _SEVERITY, "several", words, span)
        return passed(NAME, _SEVERITY)
    if not named & set(right):
        words = f"{', '.join(sorted(named))} instead of {' or '.join(right)} ({country})"
        return failed(NAME, _SEVERITY, "wrong_number", words, span)
    return passed(NAME, _SEVERITY)


def _is_call(text: str, match: re.Match[str]) -> bool:
    return bool(_CALLS.search(text[max(0, match.start() - 60) : match.start()]))
