"""The name, place and word lists, read once. `scripts/phi_lists.py` says where they come from and writes them."""

import json
import lzma
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

FOLDER = ("data", "phi")


@dataclass(frozen=True)
class Lists:
    """Folded single words, `places` folded and of up to four words."""

    given: frozenset[str]
    family: frozenset[str]
    foreign_given: frozenset[str]
    foreign_family: frozenset[str]
    places: frozenset[str]
    words: frozenset[str]
    """What clinical English writes in lower case."""
    eponyms: frozenset[str]
    """Names of people that diseases carry."""
    never: frozenset[str]
    """Function words, months, countries, words of firms: no part of a name."""
    given_only: frozenset[str]
    """Given names that are nothing else."""


@lru_cache(maxsize=1)
def load_lists() -> Lists:
    """All lists. Raises OSError or ValueError when the packaged file is damaged."""
    packed = files("medtune").joinpath(*FOLDER, "lists.json.xz").read_bytes()
    read = {key: value.split("\n") for key, value in json.loads(lzma.decompress(packed)).items()}
    bare = {key: frozenset([*values, *map(strip_accents, values)]) for key, values in read.items()}
    terms = _lines("protected.txt")
    eponyms = bare["eponyms"] | terms
    never = _lines("never_names.txt")
    words = frozenset(read["words"])
    return Lists(
        given=bare["given"],
        family=bare["family"],
        foreign_given=frozenset(read["foreign_given"]),
        foreign_family=frozenset(read["foreign_family"]),
        places=bare["places"],
        words=words,
        eponyms=eponyms,
        never=never,
        given_only=frozenset(
            name for name in bare["given"] - words - bare["places"] - eponyms - never if len(name) > 2
        ),
    )


def _lines(name: str) -> frozenset[str]:
    """The words of a text file of ours, folded; lines that begin with # are comments."""
    text = files("medtune").joinpath(*FOLDER, name).read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.casefold().split())


def strip_accents(text: str) -> str:
    """Latin letters without their marks: `Szöllösy` and `Szollosy` are one name."""
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
