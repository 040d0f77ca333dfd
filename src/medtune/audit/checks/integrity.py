"""Is the answer whole and nothing but an answer: not empty, not cut, no control tokens, no copy of the question?"""

import re

from medtune.audit.checks.answer import Answer, failed, passed, review
from medtune.core.text import fold
from medtune.detect.garble import find_leak
from medtune.runs.records.audit import CheckResult

NAME = "integrity"
VERSION = 2
"""Raised when the same answer could be judged differently than before."""

_SEVERITY = 3
_ECHO_WORDS = 4
"""A shorter question may well stand in a good answer."""
_ENDED = re.compile(r"[.!?…:;|>`)\]}\"'”’»*_~-]\s*$")
_WORD = re.compile(r"[^\W_]")


def check(answer: Answer) -> CheckResult:
    """The first thing that is wrong."""
    if not _WORD.search(answer.text):
        return failed(NAME, _SEVERITY, "empty", "there is no word in it", answer.text.strip()[:40])
    if answer.finish_reason == "length":
        tail = " ".join(answer.text.split())[-60:]
        return failed(NAME, _SEVERITY, "cut_off", "it was cut at the token limit", tail)
    if leak := find_leak(answer.text):
        return failed(
            NAME, _SEVERITY, "leak", "a control token stands in it", leak if leak.isprintable() else repr(leak)
        )
    question = fold(answer.question)
    if len(question.split()) >= _ECHO_WORDS and question in fold(answer.text):
        return failed(NAME, _SEVERITY, "echo", "it repeats the question", question[:120])
    if answer.finish_reason == "unknown" and not _ENDED.search(answer.text):
        return review(
            NAME, _SEVERITY, "no_end", "it may be cut: nobody recorded how it ended", answer.text.strip()[-60:]
        )
    return passed(NAME, _SEVERITY)
