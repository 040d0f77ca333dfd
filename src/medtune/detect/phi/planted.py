"""The planted-identifier test: synthetic identifiers of a frozen list are put into texts, then looked for."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from medtune.core.text import sentences
from medtune.detect.phi.detect import Recognizer, find_phi
from medtune.detect.phi.lists import FOLDER

FILE = "planted.json"
FLOOR = 0.98
"""Recall of each kind under which the clinical profile fails."""
_CHARS = 800
"""As much of a text is used: what surrounds an identifier matters, not what stands far away."""
EACH = 25
"""Identifiers of each kind that are planted."""


@dataclass(frozen=True)
class Planted:
    """Recall by kind; `low` holds the kinds below the floor."""

    planted: dict[str, int]
    found: dict[str, int]

    @property
    def recall(self) -> dict[str, float]:
        """Share found (0 to 1) by kind."""
        return {kind: self.found[kind] / count for kind, count in self.planted.items()}

    @property
    def low(self) -> tuple[str, ...]:
        """Kinds of which less than FLOOR was found."""
        return tuple(kind for kind, share in self.recall.items() if share < FLOOR)

    def describe(self) -> dict[str, Any]:
        """For stats.json."""
        return {
            "floor": FLOOR,
            "recall": {
                kind: {"planted": self.planted[kind], "found": self.found[kind], "recall": round(share, 4)}
                for kind, share in self.recall.items()
            },
            "below_floor": list(self.low),
        }


def plant(texts: Sequence[str], recognizers: Sequence[Recognizer], *, seed: int) -> Planted:
    """Put each planted identifier, in a sentence that carries it, into one of `texts`, and look for all of it.

    It counts as found when a span or several cover it whole: what is left of it would be readable.
    """
    frozen = json.loads(files("medtune").joinpath(*FOLDER, FILE).read_text(encoding="utf-8"))
    rng = random.Random(seed)
    planted, found = Counter[str](), Counter[str]()
    for kind, values in frozen["values"].items():
        for number in range(EACH):
            carrier = frozen["carriers"][kind][number % len(frozen["carriers"][kind])]
            value = values[number % len(values)]
            text, start = _put(rng.choice(texts) if texts else "", carrier, value, rng)
            planted[kind] += 1
            found[kind] += _covered(text, start, start + len(value), recognizers)
    return Planted(dict(planted), {kind: found[kind] for kind in planted})


def _put(text: str, carrier: str, value: str, rng: random.Random) -> tuple[str, int]:
    """The text with the carrier as a sentence of its own at some place, and where the value begins."""
    parts = sentences(text[:_CHARS])
    at = rng.randint(0, len(parts))
    before = " ".join(parts[:at])
    lead = f"{before} " if before else ""
    start = len(lead) + carrier.index("{}")
    return f"{lead}{carrier.format(value)} {' '.join(parts[at:])}".rstrip(), start


def _covered(text: str, start: int, end: int, recognizers: Sequence[Recognizer]) -> bool:
    covered = {place for one in find_phi(text, recognizers) for place in range(one.start, one.end)}
    return all(place in covered for place in range(start, end) if text[place].isalnum() and not _plain(text, place))


def _plain(text: str, place: int) -> bool:
    """The words of an age («years old») are no identifier."""
    word_start = place
    while word_start > 0 and text[word_start - 1].isalpha():
        word_start -= 1
    word_end = place
    while word_end < len(text) and text[word_end].isalpha():
        word_end += 1
    return text[word_start:word_end] in {"years", "year", "old", "yo"}
