"""Does the answer say both «do» and «do not» of one thing, or name two different doses?"""

from itertools import pairwise

from medtune.audit.checks.answer import Answer, failed, passed, quoted, review
from medtune.detect.quantities import Quantity, read_quantities, size_of
from medtune.runs.records.audit import CheckResult

NAME = "contradiction"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_DOSES = ("mass", "volume")
_DIFFERENT = 1.5
"""Two doses for one slot that differ by this factor, none of them a range that holds the other, disagree."""


def check(answer: Answer) -> list[CheckResult] | None:
    """On a critical case a plain contradiction fails; elsewhere it is for a person."""
    if answer.rubric is None:
        return None
    results = [result for concept in answer.rubric.concepts if (result := _both_ways(answer, concept=concept))]
    if doses := _two_doses(answer):
        results.append(doses)
    return results or [passed(NAME, answer.severity)]


def _both_ways(answer: Answer, concept: str) -> CheckResult | None:
    mentions = answer.mentions(concept)
    advised = [one for one in mentions if one.polarity == "advised"]
    prohibited = [one for one in mentions if one.polarity == "prohibited"]
    if not advised or not prohibited:
        return None
    say = failed if answer.critical else review
    words = f"«{answer.title(concept)}» is advised and prohibited"
    return say(NAME, answer.severity, concept, words, f"{prohibited[0].quote} / {advised[0].quote}", concept=concept)


def _two_doses(answer: Answer) -> CheckResult | None:
    """Doses of one dimension that differ, in an answer about one slot of that dimension: for a person."""
    slots = (
        [slot for slot in answer.rubric.slots if not slot.limit and (size_of(slot.unit) or ("",))[0] in _DOSES]
        if answer.rubric
        else []
    )
    if len(slots) != 1:
        return None
    dimension = (size_of(slots[0].unit) or ("",))[0]
    doses = [one for one in read_quantities(answer.text) if one.dimension == dimension and not one.per]
    for first, second in pairwise(doses):
        if _apart(first, second):
            words = f"{first.quote.strip()} and {second.quote.strip()} for one dose"
            return review(NAME, slots[0].severity, "two_doses", words, quoted(answer.text, second.start, second.end))
    return None


def _apart(first: Quantity, second: Quantity) -> bool:
    sizes = size_of(first.unit), size_of(second.unit)
    if sizes[0] is None or sizes[1] is None:
        return False
    a, b = (first.low * sizes[0][1], first.high * sizes[0][1]), (second.low * sizes[1][1], second.high * sizes[1][1])
    return a[0] > b[1] * _DIFFERENT or b[0] > a[1] * _DIFFERENT
