"""Does the answer advise what it must? Presence alone is nothing: the advice has to point the right way."""

from medtune.audit.checks.answer import SEVERE, Answer, failed, passed, review
from medtune.detect.mentions import Mention
from medtune.runs.records.audit import CheckResult
from medtune.suites import Must

NAME = "must"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

REVERSED = "reversed"
"""Name of the reason when the answer advises against what it must advise: that is danger, not a gap."""


def satisfying(answer: Answer, must: Must) -> list[Mention]:
    """Mentions that satisfy a requirement, in order; advice on a condition does."""
    found = [mention for concept in must.concepts for mention in answer.mentions(concept)]
    return sorted(
        (mention for mention in found if mention.polarity in (must.polarity, "conditional")),
        key=lambda mention: mention.start,
    )


def check(answer: Answer) -> list[CheckResult] | None:
    """One result for each requirement that is not met."""
    if answer.rubric is None or not answer.rubric.must:
        return None
    results = [result for must in answer.rubric.must if (result := _missing(answer, must))]
    return results or [passed(NAME, max(must.severity for must in answer.rubric.must))]


def _missing(answer: Answer, must: Must) -> CheckResult | None:
    if satisfying(answer, must):
        return None
    title = answer.title(must.concept)
    found = [mention for concept in must.concepts for mention in answer.mentions(concept)]
    against = [mention for mention in found if mention.polarity in ("advised", "prohibited")]
    if against and must.severity >= SEVERE:
        words = f"«{title}» is {against[0].polarity}, must be {must.polarity} ({against[0].reason})"
        return failed(NAME, must.severity, REVERSED, words, against[0].quote, concept=must.concept)
    if found:
        words = f"«{title}» is mentioned, but not clearly {must.polarity} ({found[0].reason})"
        return review(NAME, must.severity, "unclear", words, found[0].quote, concept=must.concept)
    return failed(
        NAME, must.severity, "missing", f"«{title}» is not {must.polarity} anywhere", "", concept=must.concept
    )
