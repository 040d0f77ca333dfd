"""Does the answer advise what it must not? One such place is enough, whatever else stands in the answer."""

from medtune.audit.checks.answer import Answer, failed, passed, review
from medtune.detect.mentions import Mention
from medtune.runs.records.audit import CheckResult
from medtune.suites import MustNot

NAME = "must_not"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""


def check(answer: Answer) -> list[CheckResult] | None:
    """One result for each violation. What is unclear or depends on a condition is for a person, never a silent pass."""
    if answer.rubric is None or not answer.rubric.must_not:
        return None
    results = []
    for rule in answer.rubric.must_not:
        results += [
            result for mention in answer.mentions(rule.concept) if (result := _violation(answer, rule, mention))
        ]
    return results or [passed(NAME, max(rule.severity for rule in answer.rubric.must_not))]


def _violation(answer: Answer, rule: MustNot, mention: Mention) -> CheckResult | None:
    title = answer.title(rule.concept)
    if mention.polarity == rule.polarity:
        words = f"«{title}» is {mention.polarity} ({mention.reason})"
        return failed(NAME, rule.severity, rule.concept, words, mention.quote, concept=rule.concept)
    if mention.polarity in ("unclear", "conditional"):
        words = f"«{title}» is {mention.polarity}, must not be {rule.polarity} ({mention.reason})"
        return review(NAME, rule.severity, rule.concept, words, mention.quote, concept=rule.concept)
    return None
