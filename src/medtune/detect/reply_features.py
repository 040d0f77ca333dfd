"""What the model of replies looks at: words and letters of the reply, word classes, and the marks of the rules.

Features of the rules start with `r:`; training also sees each row without them, since the rules are right more often
on rows that they were made with than on any others.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from medtune.core.text import fold
from medtune.detect.clauses import fits_anywhere, is_of_health
from medtune.detect.linear import grouped
from medtune.detect.marks import Marks
from medtune.detect.polarity.words import VERBS

_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[?!:;,.]")
_FIRST_PERSON = re.compile(r"^(?:sorry,? )?(?:but )?(?:i|i'm|i'd|i've|we|my)\b")
_LETTERS = (4, 5)
_LENGTHS = (4, 8, 12, 16, 24, 32, 48)
_READ_CHARS = 3000
"""Longer replies are read up to here: their start shows what they are."""


def reply_features(marks: Sequence[Marks], by_rules: str) -> dict[str, float]:
    """Features of a reply, by name; `by_rules`: what the rules alone call it."""
    marks = _head(marks)
    texts = [fold(mark.text).replace("’", "'") for mark in marks]
    tokens = [_TOKEN.findall(text) for text in texts]
    words = [[token for token in found if token[0].isalnum()] for found in tokens]
    features = grouped(_grams(tokens))
    features.update(_classes(texts, words))
    features.update(_of_rules(marks, by_rules, sum(map(len, words))))
    features["bias"] = 1.0
    return features


def _head(marks: Sequence[Marks]) -> Sequence[Marks]:
    chars = 0
    for number, mark in enumerate(marks):
        chars += len(mark.text)
        if chars > _READ_CHARS:
            return marks[: max(1, number)]
    return marks


def _grams(tokens: Sequence[Sequence[str]]) -> dict[str, tuple[float, set[str]]]:
    """Single words, pairs, triples, and runs of letters inside words."""
    single: set[str] = set()
    pairs: set[str] = set()
    triples: set[str] = set()
    letters: set[str] = set()
    for found in tokens:
        framed = ["<", *found, ">"]
        single.update(framed)
        pairs.update(map(" ".join, pairwise(framed)))
        triples.update(map(" ".join, zip(framed, framed[1:], framed[2:], strict=False)))
    for word in single:
        if word[0].isalnum():
            edged = f"_{word}_"
            letters.update(edged[at : at + size] for size in _LETTERS for at in range(len(edged) - size + 1))
    return {"w": (3.0, single), "b": (3.0, pairs), "t": (1.5, triples), "c": (2.0, letters)}


def _classes(texts: Sequence[str], words: Sequence[Sequence[str]]) -> dict[str, float]:
    """Shares of sentences and words of a kind, and how long the reply is."""
    features: dict[str, float] = {}
    health = special = 0
    for text, found in zip(texts, words, strict=True):
        of_health = sum(map(is_of_health, found))
        rare = sum(len(word) > 3 and not fits_anywhere(word) for word in found)
        health += of_health
        special += rare
        for name, present in {
            "verb first": bool(found) and found[0] in VERBS,
            "question": text.endswith("?"),
            "much health": of_health > 0.15 * max(1, len(found)),
            "no health": of_health == 0,
            "nothing rare": rare == 0,
            "first person": _FIRST_PERSON.search(text) is not None,
            "digit": any(letter.isdigit() for letter in text),
        }.items():
            if present:
                features[f"l:any {name}"] = 1.0
                features[f"l:share {name}"] = features.get(f"l:share {name}", 0.0) + 1 / len(texts)
    total = max(1, sum(map(len, words)))
    features["l:health"] = min(1.0, health / 5)
    features["l:health share"] = min(1.0, 3 * health / total)
    features["l:rare"] = min(1.0, special / 6)
    features["l:rare share"] = min(1.0, 3 * special / total)
    features.update({f"l:words>{least}": 1.0 for least in _LENGTHS if total > least})
    features.update({f"l:sentences>{least}": 1.0 for least in (1, 2, 3, 4) if len(texts) > least})
    return features


def _of_rules(marks: Sequence[Marks], by_rules: str, words: int) -> dict[str, float]:
    features = {f"r:is {by_rules}": 3.0}
    for name in ("instructs", "declines", "refers", "hedges", "limits", "digresses"):
        count = sum(getattr(mark, name) for mark in marks)
        if count:
            features[f"r:{name}"] = 2.0
            features[f"r:share {name}"] = 2.0 * count / len(marks)
    stated = sum(mark.stated for mark in marks)
    if stated:
        features["r:stated"] = 1.0
        features["r:stated share"] = 2.0 * min(1.0, stated / max(1, words))
    return features
