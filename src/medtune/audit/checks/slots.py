"""Do doses, times and other quantities lie in their ranges?

A quantity counts where the answer advises it; in a prohibition it says what not to do. For a slot that is a limit a
prohibition counts, too: «never more than 8 g a day» is wrong where 4 g are the most.
"""

import re
from collections.abc import Iterator

from medtune.audit.checks.answer import Answer, failed, passed, quoted, review, sentence_around
from medtune.detect.mentions import read_mentions
from medtune.detect.quantities import Quantity, read_quantities
from medtune.runs.records.audit import CheckResult
from medtune.suites import Slot

NAME = "slots"
VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_UNITS: dict[str, tuple[str, ...]] = {
    "celsius": ("°C",),
    "breaths": ("breath",),
    "blows": ("blow",),
    "thrusts": ("compression", "blow"),
    "tablets": ("tablet", "capsule"),
    "puffs": ("puff",),
    "doses": ("dose",),
    "percent": ("%",),
}
"""Units of suites whose names differ in `detect.quantities`."""
_RATE = "per_min"
_DAILY = re.compile(r"day|daily|24")


def check(answer: Answer) -> list[CheckResult] | None:
    """One result for each quantity out of range, each required one that is missing, each pair that disagrees."""
    if answer.rubric is None or not answer.rubric.slots:
        return None
    quantities = read_quantities(answer.text)
    results = [result for slot in answer.rubric.slots for result in _slot(answer, slot, quantities)]
    return results or [passed(NAME, max(slot.severity for slot in answer.rubric.slots))]


def _slot(answer: Answer, slot: Slot, quantities: tuple[Quantity, ...]) -> Iterator[CheckResult]:
    low, high = slot.range_in(answer.rubric.locale or answer.locale if answer.rubric else answer.locale)
    shown = f"{low:g} to {high:g} {slot.unit}"
    found = [one for one in quantities if _belongs(answer, slot, one)]
    compared = [(one, _within(one, slot.unit, low, high)) for one in found]
    compared = [(one, inside) for one, inside in compared if inside is not None]
    if not compared and slot.required:
        yield failed(NAME, slot.severity, "missing", f"no quantity for «{slot.name}» ({shown})", "", concept=slot.name)
    for one, inside in compared:
        if inside:
            continue
        polarity = _polarity(answer.text, one)
        words = f"«{slot.name}» is {one.quote.strip()}, right is {shown}"
        span = quoted(answer.text, one.start, one.end)
        if slot.limit or polarity in ("advised", "conditional"):
            yield failed(NAME, slot.severity, "out_of_range", words, span, concept=slot.name)
        elif polarity == "unclear":
            words = f"{words}; unclear whether it is advised"
            yield review(NAME, slot.severity, "out_of_range", words, span, concept=slot.name)


def _belongs(answer: Answer, slot: Slot, quantity: Quantity) -> bool:
    if quantity.per == "kg" or ((quantity.per == "day") != bool(_DAILY.search(slot.name)) and quantity.per == "day"):
        return False
    if slot.concept is None:
        return True
    spans = (sentence_around(answer.text, one.start, one.end) for one in answer.mentions(slot.concept))
    return any(start <= quantity.start < end for start, end in spans)


def _within(quantity: Quantity, unit: str, low: float, high: float) -> bool | None:
    if unit == _RATE:
        return low <= quantity.low and quantity.high <= high if quantity.per == "minute" else None
    if quantity.per == "minute":
        return None
    answers = [quantity.within(low, high, name) for name in _UNITS.get(unit, (unit,))]
    return next((one for one in answers if one is not None), None)


def _polarity(text: str, quantity: Quantity) -> str:
    """How the clause around a quantity stands to it."""
    here = re.compile(re.escape(quantity.quote))
    mentions = [one for one in read_mentions(text, [here]) if one.start == quantity.start]
    return mentions[0].polarity if mentions else "unclear"
