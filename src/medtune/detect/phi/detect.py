"""All recognizers over one text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from medtune.detect.phi.dates import ages, dates
from medtune.detect.phi.found import Found, settle
from medtune.detect.phi.lists import load_lists
from medtune.detect.phi.names import names
from medtune.detect.phi.places import places
from medtune.detect.phi.presidio import PresidioRecognizer
from medtune.detect.phi.scripts import foreign_names
from medtune.detect.phi.sequence import SequenceRecognizer
from medtune.detect.phi.structured import structured


class Recognizer(Protocol):
    """Anything that finds identifiers in a text."""

    def find(self, text: str) -> Iterable[Found]:
        """Spans in any order; they may overlap."""
        ...


@dataclass(frozen=True)
class RuleRecognizer:
    """Forms, cues and lists: no model, no library."""

    def find(self, text: str) -> Iterable[Found]:
        """Spans of every kind."""
        lists = load_lists()
        yield from structured(text)
        yield from dates(text)
        yield from ages(text)
        yield from places(text, lists)
        yield from names(text, lists)
        yield from foreign_names(text, lists)


RULES: tuple[Recognizer, ...] = (RuleRecognizer(),)
WITHOUT_PRESIDIO: tuple[Recognizer, ...] = (RuleRecognizer(), SequenceRecognizer())
DEFAULT: tuple[Recognizer, ...] = (*WITHOUT_PRESIDIO, PresidioRecognizer())
LEAST = 0.5
"""What scores below is a hint, no finding."""


def find_phi(text: str, recognizers: Sequence[Recognizer] = DEFAULT, *, least: float = LEAST) -> tuple[Found, ...]:
    """Identifiers in `text`, in order and without overlap, by all `recognizers`; those that score `least` or more."""
    return settle([one for recognizer in recognizers for one in recognizer.find(text) if one.score >= least])
