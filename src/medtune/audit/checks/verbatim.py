"""Do the answer's quotations stand in the text that it was given?"""

import re

from medtune.audit.checks.answer import Answer, failed, passed
from medtune.core.text import fold
from medtune.runs.records.audit import CheckResult

NAME = "verbatim"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_SEVERITY = 4
_FEWEST_WORDS = 4
"""Shorter quotations are names and terms."""
_QUOTED = re.compile(r"“([^”]{8,600})”|\"([^\"]{8,600})\"|«([^»]{8,600})»")
_LOOSE = re.compile(r"[\W_]+")


def check(answer: Answer) -> CheckResult | None:
    """A quotation that the evidence does not hold is invented; None without evidence."""
    if answer.evidence is None:
        return None
    evidence = _plain(answer.evidence)
    for match in _QUOTED.finditer(answer.text):
        words = next(group for group in match.groups() if group)
        parts = [_plain(part) for part in re.split(r"\[?(?:…|\.\.\.)\]?", words)]
        if len(words.split()) >= _FEWEST_WORDS and not all(part in evidence for part in parts):
            return failed(NAME, _SEVERITY, "not_in_evidence", "this quotation stands nowhere in it", words[:200])
    return passed(NAME, _SEVERITY)


def _plain(text: str) -> str:
    return _LOOSE.sub(" ", fold(text)).strip()
