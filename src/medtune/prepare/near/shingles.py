"""Hashes of runs of words, for many texts at once and without a Python loop over words.

All texts of a batch are laid end to end as bytes. A word's hash is the polynomial of its bytes, sum of
(byte + 1) * p**place (mod 2**64; Karp and Rabin, 1987). Eight bytes of every word are taken at once, cut where the word
ends, and looked up by twos in a table: the work grows with the words, not with the characters.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_PRIME = 0x9E3779B97F4A7C15
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_STEP = 8
_CUT = np.array([(1 << (8 * count)) - 1 for count in range(_STEP + 1)], dtype="<u8")
"""What is kept of eight bytes when only so many belong to the word."""

_SIGN = re.compile(r"[^\w\s]")
# Chinese, Japanese and Korean write no spaces: each character (U+3000 to U+D7FF) begins a word.
_ALONE = re.compile("(?=[\u3000-\ud7ff])")
_WORDS = bytes(byte if byte >= 0x80 or chr(byte).isalnum() else 0 for byte in range(256))
"""Bytes of words as they are, all others 0."""


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

    def set_of(self, text: int) -> U64:
        """Those of one text sorted, each once."""
        own = np.sort(self.of(text))
        return own[np.concatenate(([True], own[1:] != own[:-1]))]


def shingles(texts: Sequence[str], size: int) -> Shingles:
    """Runs of `size` words of each text; case, punctuation and spacing do not matter."""
    words, counts = _word_hashes(texts)
    runs = np.maximum(counts - size + 1, 1)
    starts = np.concatenate(([0], np.cumsum(runs)))
    first_word = np.concatenate(([0], np.cumsum(counts)))
    begin = np.arange(starts[-1]) + np.repeat(first_word[:-1] - starts[:-1], runs)
    padded = np.concatenate((words, np.zeros(size, dtype=np.uint64)))
    everywhere = np.zeros(len(words) + 1, dtype=np.uint64)
    factors = [np.uint64(pow(_PRIME, offset, 1 << 64)) for offset in range(size)]
    for offset, factor in enumerate(factors):
        everywhere += padded[offset : offset + len(everywhere)] * factor
    hashes = everywhere[begin]
    for short in np.flatnonzero(counts < size).tolist():  # a run would reach into the next text
        own = words[first_word[short] : first_word[short + 1]]
        hashes[starts[short]] = (own * np.array(factors[: len(own)], dtype=np.uint64)).sum(dtype=np.uint64)
    return Shingles(mix(hashes), starts)


def mix(values: U64) -> U64:
    """MurmurHash3's 64-bit finaliser (Appleby): every bit depends on every bit."""
    for factor in _MIX:
        values = (values ^ (values >> np.uint64(33))) * factor
    return values ^ (values >> np.uint64(33))


def _word_hashes(texts: Sequence[str]) -> tuple[U64, NDArray[np.int64]]:
    """The hash of each word, and how many words each text has."""
    parts = [_plain(text).encode("utf-8", "replace") for text in texts]
    joined = b"".join((b" ", b" ".join(parts), b" " * _STEP)).translate(_WORDS)
    is_word = np.frombuffer(joined, dtype=np.uint8) != 0
    borders = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    begin, length = borders[::2], borders[1::2] - borders[::2]
    eight = np.ndarray((len(joined) - _STEP + 1,), dtype="<u8", buffer=joined, strides=(1,))
    hashes = _eight_hash(eight[begin] & _CUT[np.minimum(length, _STEP)])
    done, rest = _STEP, np.flatnonzero(length > _STEP)
    while len(rest):
        left = length[rest] - done
        more = _eight_hash(eight[begin[rest] + done] & _CUT[np.minimum(left, _STEP)])
        hashes[rest] += more * np.uint64(pow(_PRIME, done, 1 << 64))
        done, rest = done + _STEP, rest[left > _STEP]
    ends = np.cumsum([1, *(len(part) + 1 for part in parts)])
    return mix(hashes), np.diff(np.searchsorted(begin, ends))


def _eight_hash(eights: U64) -> U64:
    """The polynomial of eight bytes each; bytes of 0 lie behind a word and count nothing."""
    twos = eights.view("<u2").reshape(-1, _STEP // 2)
    table = _table()
    result: U64 = table[twos[:, 0]]
    for place in range(1, _STEP // 2):
        result += table[twos[:, place]] * np.uint64(pow(_PRIME, 2 * place, 1 << 64))
    return result


@cache
def _table() -> U64:
    """The polynomial of every two bytes (the first is the lower one)."""
    bytes_ = np.arange(256, dtype=np.uint64)
    one = np.where(bytes_ == 0, bytes_, bytes_ + np.uint64(1))
    return (one[None, :] + one[:, None] * np.uint64(_PRIME)).reshape(-1)


def _plain(text: str) -> str:
    """NFKC in lower case, without signs beyond ASCII (dashes, curly quotation marks, bullets), a space before what is
    a word alone; ASCII's own signs are told by their bytes.
    """
    if text.isascii():
        return text.lower()
    return _ALONE.sub(" ", _SIGN.sub(" ", unicodedata.normalize("NFKC", text)).casefold())
