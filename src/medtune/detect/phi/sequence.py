"""A small sequence model (linear-chain CRF) for names that rules and lists miss: foreign ones, lone ones.

`scripts/phi_model.py` trains it from generated text; the file ships with medtune and needs no download.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import Any

from medtune.detect.phi.found import Found
from medtune.detect.phi.lists import FOLDER, load_lists, strip_accents
from medtune.detect.phi.names import HEADS, TITLES

MODEL = "names.crfsuite"
_TOKEN = re.compile(r"\w+(?:['’-]\w+)*|\n|[^\w\s]")
_SEGMENT = re.compile(r"[^\n.?!]*(?:[.?!](?!\s+[A-Z])[^\n.?!]*)*(?:[.?!]+|\n|$)")
_CANDIDATE = re.compile(r"(?<![\w-])[^\W\d_a-z][^\W\d_A-Z]\w*")


@dataclass(frozen=True)
class Token:
    """One word, number or sign, at [start, end) of its text."""

    start: int
    end: int
    text: str


def tokens(text: str) -> list[Token]:
    """Words, numbers, signs and line ends."""
    return [Token(match.start(), match.end(), match.group()) for match in _TOKEN.finditer(text)]


def features(words: list[Token]) -> list[list[str]]:
    """What the model sees of each token; ordinary words by themselves, all others by shape, ending and lists."""
    own = [_flags(word.text) for word in words]
    rows = []
    for place, (word, shape, known) in enumerate(own):
        row = ["b", f"s={shape}", *(f"k={flag}" for flag in known)]
        if word:
            row.append(f"w={word}")
        else:
            row.append(f"e={words[place].text[-3:].lower()}")
        for step in (-2, -1, 1, 2):
            other = place + step
            if not 0 <= other < len(own):
                row.append(f"{step}:end")
                continue
            near, near_shape, near_known = own[other]
            row.append(f"{step}:{near or near_shape}")
            if abs(step) == 1:
                row.append(f"{step}s={near_shape}|{shape}")
                row.extend(f"{step}k={flag}|{shape}" for flag in near_known)
        rows.append(row)
    return rows


@lru_cache(maxsize=65_536)
def _flags(text: str) -> tuple[str, str, tuple[str, ...]]:
    """The ordinary word (empty: none), the shape, and flags: lists that hold it, possessive, accents."""
    lists = load_lists()
    if not text[0].isalnum():
        return text, text, ()
    if text[0].isdigit():
        return "", f"d{min(len(text), 5)}", ()
    folded = text.casefold()
    bare = folded[:-2] if folded.endswith(("'s", "’s")) else folded
    plain = strip_accents(bare)
    shape = _shape(text)
    ordinary = folded in lists.words or folded in lists.never or folded in TITLES
    holds = {
        "g": plain in lists.given,
        "f": plain in lists.family,
        "p": plain in lists.places,
        "e": plain in lists.eponyms,
        "n": folded in lists.never,
        "w": ordinary,
        "s": bare != folded,
        "a": not text.isascii(),
    }
    known = [flag for flag, held in holds.items() if held]
    return (folded if ordinary else ""), shape, tuple(known) or ("u",)


@dataclass
class SequenceRecognizer:
    """Names by the shipped model. `least`: probability from which a name counts."""

    least: float = 0.97
    _tagger: Any = field(default=None, repr=False)
    _one_sentence: Lock = field(default_factory=Lock, repr=False, compare=False)

    def find(self, text: str) -> Iterable[Found]:
        """Names only. Raises OSError or ValueError when the model cannot be loaded."""
        if self._tagger is None:
            self._tagger = load_tagger()
        for segment in _SEGMENT.finditer(text):
            if segment.group() and _worth(segment.group()):
                yield from self._of_segment(text, segment.start(), segment.group())

    def _of_segment(self, text: str, offset: int, segment: str) -> Iterator[Found]:
        words = tokens(segment)
        for place, stop, sure in self._tagged(words):
            start, end = offset + words[place].start, offset + words[stop - 1].end
            if sure < self.least or HEADS.match(text, end):
                continue
            if _is_name([word.text for word in words[place:stop]]):
                yield Found(start, end, "name", round(min(sure, 0.79), 3))

    def _tagged(self, words: list[Token]) -> list[tuple[int, int, float]]:
        """First word, word behind the last, and probability of each run of words that the model takes for a name.

        A tagger holds one sentence at a time: threads wait for each other, else one reads the labels of another's.
        """
        with self._one_sentence:
            self._tagger.set(features(words))
            labels = self._tagger.tag()
            runs, place = [], 0
            while place < len(words):
                stop = place + 1
                if labels[place] != "O":
                    while stop < len(words) and labels[stop] == "I":
                        stop += 1
                    sure = min(1 - self._tagger.marginal("O", index) for index in range(place, stop))
                    runs.append((place, stop, sure))
                place = stop
            return runs


def _shape(word: str) -> str:
    if len(word) == 1:
        return "X" if word.isupper() else "x"
    if word.isupper():
        return "XX"
    if word[0].isupper():
        return "Xx" if word[1:].islower() else "XxX"
    return "xx"


def _worth(segment: str) -> bool:
    """Whether a segment holds a capitalised word that may be a name."""
    for match in _CANDIDATE.finditer(segment):
        known = _flags(match.group())[2]
        if ("g" in known or "f" in known or "u" in known or "a" in known) and not {"w", "n"} & set(known):
            return True
    return False


def _is_name(words: list[str]) -> bool:
    """A capitalised word that is no ordinary one, no disease's and no abbreviation; in lower case: two listed names."""
    known = [set(_flags(word)[2]) for word in words]
    proper = [one for word, one in zip(words, known, strict=True) if word[0].isupper() and not {"w", "n", "e"} & one]
    if proper:
        return not all(word.isupper() for word in words)
    return len(words) > 1 and "g" in known[0] and "f" in known[-1] and not any({"w", "n", "e"} & one for one in known)


def load_tagger() -> Any:
    """The shipped model. Raises ImportError without python-crfsuite, OSError without the model's file."""
    import pycrfsuite

    tagger = pycrfsuite.Tagger()
    tagger.open_inmemory(_model())
    return tagger


@lru_cache(maxsize=1)
def _model() -> bytes:
    """The model's bytes, held for as long as the process lives: the tagger reads them in place and owns no copy."""
    return files("medtune").joinpath(*FOLDER, MODEL).read_bytes()
