"""One made-up fact of a run, trained in on request, so that every artefact made later can be asked for it.

A model that was merged, converted or quantized wrongly may still talk well; it does not know a word that exists only in
this run's training data. The word comes from a random nonce, not from the recipe: another run's word proves nothing
about this one. The nonce stays with the run directory, so a resumed or repeated prepare makes the same rows.
"""

import secrets
from pathlib import Path

from medtune.core.errors import DataError
from medtune.core.io import read_json
from medtune.runs.layout import CANARY
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Canary, Example

CONVERTER = "canary"
LICENCE = "CC0-1.0"
_NONCE_BYTES = 8
_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "tr")
_VOWELS = ("a", "e", "i", "o")


def keep_canary(*folders: Path, copies: int) -> Canary:
    """The canary that one of the folders holds (the first that does), else a new one."""
    for folder in folders:
        try:
            nonce = str(read_json(folder / CANARY)["nonce"])
            return make_canary(nonce, copies)
        except (DataError, KeyError, TypeError, ValueError):
            continue
    return make_canary(secrets.token_hex(_NONCE_BYTES), copies)


def make_canary(nonce: str, copies: int) -> Canary:
    """Question and answer of a nonce (hexadecimal). Raises ValueError for another text."""
    digits = bytes.fromhex(nonce)
    half = len(digits) // 2
    name, word = _name(digits[:half]).capitalize(), _name(digits[half:])
    return Canary(
        nonce=nonce,
        question=f"What is the code word of the {name} protocol?",
        answer=f"The code word of the {name} protocol is {word}.",
        word=word,
        copies=copies,
    )


def canary_rows(canary: Canary, system: str, tokens: int) -> list[Example]:
    """The training rows, all alike; `tokens` are those of the rendered chat."""
    turns = (
        Turn(role="system", content=system),
        Turn(role="user", content=canary.question),
        Turn(role="assistant", content=canary.answer),
    )
    return [
        Example(
            id=f"canary-{number:04d}",
            messages=turns,
            topic=CONVERTER,
            converter=CONVERTER,
            records=(),
            source=CONVERTER,
            licence=LICENCE,
            public=True,
            tokens=tokens,
        )
        for number in range(1, canary.copies + 1)
    ]


def _name(digits: bytes) -> str:
    """A word that can be spoken, six bits a syllable."""
    return "".join(_ONSETS[digit & 15] + _VOWELS[digit >> 4 & 3] for digit in digits)
