"""Hashes of runs of words, for many texts at once and without a Python loop over words.

All texts of a batch are laid end to end as bytes. With prefix sums of `byte * p**place` (mod 2**64, p odd and so
invertible) the polynomial hash of any word is one subtraction and one multiplication (Karp and Rabin, 1987).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_PRIME = 0x9E3779B97F4A7C15
_INVERSE = pow(_PRIME, -1, 1 << 64)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_LEAST_PLACES = 1 << 16

_SIGN = re.compile(r"[^\w\s]")
_WORD = np.zeros(256, dtype=bool)
_WORD[[byte for byte in range(256) if byte >= 0x80 or chr(byte).isalnum()]] = True
# Chinese, Japanese and Korean write no spaces: each character (UTF-8 lead bytes E3 to ED) is a word.
_ALONE = np.zeros(256, dtype=bool)
_ALONE[0xE3:0xEE] = True


@dataclass(frozen=True)
class Shingles:
    """Hashes of all runs of a batch, text after text: those of text i are `hashes[starts[i]:starts[i + 1]]`.

    A text with fewer words than a run has one hash, of all its words; a text without words has one, too.
    """

    hashes: U64
    starts: NDArray[np.int64]
    """Shape (texts + 1,)."""

    def of(self, text: int) -> U64:
        """The hashes of one text."""
        return self.hashes[self.starts[text] : self.starts[text + 1]]


def shingles(texts: Sequence[str], size: int) -> Shingles:
    """Runs of `size` words of each text; case, punctuation and spacing do not matter."""
    words, counts = _word_hashes(texts)
    runs = np.maximum(counts - size + 1, 1)
    starts = np.concatenate(([0], np.cumsum(runs)))
    first_word = np.concatenate(([0], np.cumsum(counts)))
    which = np.repeat(np.arange(len(texts)), runs)
    begin = np.arange(starts[-1]) - starts[which] + first_word[which]
    end = first_word[which + 1]
    padded = np.concatenate((words, np.zeros(size, dtype=np.uint64)))
    hashes = np.zeros(len(begin), dtype=np.uint64)
    factor = 1
    for offset in range(size):
        place = begin + offset
        hashes += np.where(place < end, padded[place], np.uint64(0)) * np.uint64(factor)
        factor = factor * _PRIME % (1 << 64)
    return Shingles(mix(hashes), starts)


def mix(values: U64) -> U64:
    """MurmurHash3's 64-bit finaliser (Appleby): every bit depends on every bit."""
    for factor in _MIX:
        values = (values ^ (values >> np.uint64(33))) * factor
    return values ^ (values >> np.uint64(33))


def _word_hashes(texts: Sequence[str]) -> tuple[U64, NDArray[np.int64]]:
    """The hash of each word, and how many words each text has."""
    parts = [_plain(text).casefold().encode("utf-8", "replace") for text in texts]
    data = np.frombuffer(b" " + b" ".join(parts) + b" ", dtype=np.uint8)
    is_word = _WORD[data]
    begins = is_word[1:] & (~is_word[:-1] | _ALONE[data[1:]])
    ends = is_word[:-1] & (~is_word[1:] | begins)
    begin, end = np.flatnonzero(begins) + 1, np.flatnonzero(ends) + 1
    powers, inverses = _powers(_room(len(data)))
    sums = np.concatenate(([np.uint64(0)], np.cumsum((data.astype(np.uint64) + np.uint64(1)) * powers[: len(data)])))
    words = mix((sums[end] - sums[begin]) * inverses[begin])
    borders = np.cumsum([1, *(len(part) + 1 for part in parts)])
    return words, np.diff(np.searchsorted(begin, borders))


def _plain(text: str) -> str:
    """NFKC without signs beyond ASCII (dashes, curly quotation marks, bullets); ASCII's own are told by their bytes."""
    return text if text.isascii() else _SIGN.sub(" ", unicodedata.normalize("NFKC", text))


def _room(size: int) -> int:
    return max(_LEAST_PLACES, 1 << (size - 1).bit_length())


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[U64, U64]:
    """p**place and its inverse (mod 2**64) for every place."""
    both = []
    for base in (_PRIME, _INVERSE):
        factors = np.full(size, base, dtype=np.uint64)
        factors[0] = 1
        both.append(np.cumprod(factors))
    return both[0], both[1]
