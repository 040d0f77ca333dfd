"""Does a clause say something, or only words that fit any answer? Told from generic.txt and health.txt."""

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from medtune.core.io import read_text

_SHORT_WORD = 3
_EXPLAINING = 25
_ENDINGS = (
    ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""), ("ing", "e"), ("ly", ""),
    ("er", ""), ("er", "e"), ("est", ""), ("ment", ""), ("ful", ""),
)  # fmt: skip
_MEDICAL_ENDINGS = (
    "itis", "osis", "emia", "aemia", "oma", "pathy", "algia", "ectomy", "plegia", "uria", "pnea", "pnoea", "cillin",
    "mycin", "azole", "statin", "prazole", "sartan", "olol", "pril", "idine", "amine", "zepam", "oxetine", "profen",
)  # fmt: skip


def says_something(words: Sequence[str]) -> bool:
    """A figure, or a word that would not fit into an answer to any question, about health unless the clause is long."""
    if any(word[0].isdigit() for word in words):
        return True
    special = [word for word in words if len(word) > _SHORT_WORD and not fits_anywhere(word)]
    return any(map(is_of_health, words)) or (len(words) >= _EXPLAINING and bool(special))


@lru_cache(maxsize=50_000)
def is_of_health(word: str) -> bool:
    """A word of bodies, complaints and treatments, listed or told from its ending."""
    bare = word.partition("'")[0]
    whole, openings = _health()
    if bare in whole or bare.removesuffix("s") in whole:
        return True
    return bare.endswith(_MEDICAL_ENDINGS) or any(bare.startswith(opening) for opening in openings)


@lru_cache(maxsize=50_000)
def fits_anywhere(word: str) -> bool:
    """True when the word, or what is left of it without a common ending, stands in generic.txt."""
    bare = word.partition("'")[0]
    stems = {bare, *(bare.removesuffix(ending) + added for ending, added in _ENDINGS if bare.endswith(ending))}
    return bool(stems & _words_of("generic.txt"))


@cache
def _health() -> tuple[frozenset[str], tuple[str, ...]]:
    words = _words_of("health.txt")
    return frozenset(w for w in words if not w.endswith("-")), tuple(sorted(w[:-1] for w in words if w.endswith("-")))


@cache
def _words_of(name: str) -> frozenset[str]:
    lines = read_text(Path(__file__).with_name(name)).splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
