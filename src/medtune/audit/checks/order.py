"""Does what must come first come first?"""

from medtune.audit.checks.answer import Answer, failed, passed
from medtune.audit.checks.must import satisfying
from medtune.runs.records.audit import CheckResult

NAME = "order"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""


def check(answer: Answer) -> list[CheckResult] | None:
    """For each requirement with `before`: its first advice stands before the first advice of the other concept."""
    ordered = [must for must in answer.rubric.must if must.before] if answer.rubric else []
    if not ordered:
        return None
    results = []
    for must in ordered:
        first = satisfying(answer, must)
        later = [one for one in answer.mentions(must.before or "") if one.polarity in ("advised", "conditional")]
        if first and later and later[0].start < first[0].start:
            words = f"«{answer.title(must.before or '')}» comes before «{answer.title(must.concept)}»"
            results.append(failed(NAME, must.severity, "too_late", words, later[0].quote, concept=must.concept))
    return results or [passed(NAME, max(must.severity for must in ordered))]
