"""Seeded draws of one case: choices, values of a span, and the braces of a text."""

import random
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from medtune.collect.synthetic.facts import SLOT, Span

T = TypeVar("T")
_WHOLE = re.compile(r"(\d+)\.\.(\d+)")


class Draw:
    """The draws of one case. The same braces give the same text throughout, so that two languages say the same."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._filled: dict[str, str] = {}

    def one(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self._random.randrange(len(choices))]

    def some(self, choices: Sequence[T], most: int, least: int = 0) -> list[T]:
        """`least` to `most` of them, in their own order."""
        most = min(most, len(choices))
        chosen = set(self._random.sample(range(len(choices)), self._random.randint(min(least, most), most)))
        return [choice for number, choice in enumerate(choices) if number in chosen]

    def chance(self, share: float) -> bool:
        """True in that share (0 to 1) of cases."""
        return self._random.random() < share

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(low, high)

    def value(self, span: Span, digits: int) -> Decimal:
        """A number of the span with so many digits after the point."""
        step = Decimal(1).scaleb(-digits)
        steps = int((span.high - span.low) / step)
        return (span.low + step * self._random.randint(0, steps)).quantize(step, ROUND_HALF_UP)

    def fill(self, text: str, values: Mapping[str, str] | None = None, choices: Mapping[str, str] | None = None) -> str:
        """The text with its braces filled: a name of `values`, a whole number of a range, or one of the choices.

        `choices` translates what was chosen.
        """

        def chosen(match: re.Match[str]) -> str:
            slot = match[1]
            if values and slot in values:
                return values[slot]
            if slot not in self._filled:
                ends = _WHOLE.fullmatch(slot)
                self._filled[slot] = str(self.whole(int(ends[1]), int(ends[2]))) if ends else self.one(slot.split("|"))
            filled = self._filled[slot]
            return choices.get(filled, filled) if choices else filled

        return SLOT.sub(chosen, text)
