import random
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.prepare.near.minhash import BANDS, signatures
from medtune.prepare.near.pairs import ALL_PAIRS, NearIndex, jaccard
from medtune.prepare.near.shingles import shingles


def runs_of(text: str, size: int) -> set[tuple[str, ...]]:
    """What shingles() should tell apart, in plain Python (ASCII)."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[place : place + size]) for place in range(max(1, len(words) - size + 1))}


def changed(words: list[str], share: float, draw: random.Random) -> str:
    return " ".join(draw.choice(VOCABULARY) if draw.random() < share else word for word in words)


VOCABULARY = [f"{one}{two}{three}" for one in "bdfgklmnp" for two in "aeiou" for three in ("ra", "st", "l", "nto", "m")]


@given(st.lists(st.text(alphabet="abAB,. \n1", max_size=40), min_size=2, max_size=8), st.integers(1, 5))
def test_hashes_are_equal_where_runs_of_words_are(texts: list[str], size: int) -> None:
    found = shingles(texts, size)
    sets = [set(found.of(number).tolist()) for number in range(len(texts))]
    runs = [runs_of(text, size) for text in texts]
    for one in range(len(texts)):
        assert len(sets[one]) == len(runs[one])
        for other in range(one):
            assert len(sets[one] & sets[other]) == len(runs[one] & runs[other])


def by_definition(text: str, size: int) -> list[int]:
    """The hashes as shingles.py describes them, a byte at a time (ASCII)."""
    whole, prime = 1 << 64, 0x9E3779B97F4A7C15

    def mixed(value: int) -> int:
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            value = (value ^ (value >> 33)) * factor % whole
        return value ^ (value >> 33)

    words = re.findall(r"[a-z0-9]+", text.lower())
    hashes = [mixed(sum((ord(c) + 1) * pow(prime, k, whole) for k, c in enumerate(word)) % whole) for word in words]
    runs = [hashes[at : at + size] for at in range(max(1, len(words) - size + 1))]
    return [mixed(sum(h * pow(prime, k, whole) for k, h in enumerate(run)) % whole) for run in runs]


@given(st.lists(st.text(alphabet="abAB,. \n1", max_size=60), min_size=1, max_size=5), st.integers(1, 6))
def test_hashes_are_those_of_the_definition(texts: list[str], size: int) -> None:
    """They decide which candidates are looked at: another hash would be another VERSION of the stage."""
    found = shingles(texts, size)
    for number, text in enumerate(texts):
        assert found.of(number).tolist() == by_definition(text, size)


@given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=30))
def test_a_text_has_the_same_hashes_in_any_company(others: list[str], text: str) -> None:
    alone = shingles([text], 3).of(0)
    assert np.array_equal(shingles([*others, text, *others], 3).of(len(others)), alone)


def test_characters_without_spaces_between_them_are_words() -> None:
    found = shingles(["頭痛と発熱があります", "頭痛と発熱がありません"], 3)
    shared = set(found.of(0).tolist()) & set(found.of(1).tolist())
    assert len(found.of(0)) == 8
    assert len(shared) >= 5


def test_signatures_agree_as_often_as_the_sets_are_similar() -> None:
    draw = random.Random(3)
    gaps = []
    for _ in range(60):
        words = [draw.choice(VOCABULARY) for _ in range(150)]
        found = shingles([" ".join(words), changed(words, draw.choice((0.01, 0.03, 0.1)), draw)], 5)
        both = signatures(found)
        true = jaccard(found.set_of(0), found.set_of(1))
        gaps.append(float(np.mean(both[0] == both[1])) - true)
    assert abs(np.mean(gaps)) < 0.02
    assert np.std(gaps) < 0.06  # sqrt(s (1 - s) / 128) is at most 0.044


def test_pairs_are_those_of_brute_force() -> None:
    draw = random.Random(5)
    texts = []
    for _ in range(150):
        words = [draw.choice(VOCABULARY) for _ in range(draw.randint(40, 120))]
        texts += [" ".join(words), changed(words, draw.choice((0.0, 0.01, 0.02, 0.03, 0.05)), draw)]
    sets = [runs_of(text, 5) for text in texts]
    truth = {
        (one, other): len(sets[one] & sets[other]) / len(sets[one] | sets[other])
        for other in range(len(texts)) for one in range(other)
    }  # fmt: skip
    index = NearIndex()
    for start in range(0, len(texts), 37):
        index.add(texts[start : start + 37])
    found = set(index.pairs(texts.__getitem__, 0.8, every=True).pairs)
    near = {pair for pair, value in truth.items() if value >= 0.8}
    very = {pair for pair, value in truth.items() if value >= 0.9}
    assert len(near) > len(very) > 50
    assert found <= near  # candidates are verified: no pair below the threshold
    assert len(found & near) >= 0.95 * len(near)
    assert len(found & very) >= 0.99 * len(very)


def test_a_large_bucket_is_joined_without_looking_at_every_pair() -> None:
    text = " ".join(VOCABULARY[:60])
    texts = [f"{text} {number}" for number in range(10 * ALL_PAIRS)]
    index = NearIndex()
    index.add(texts)
    near = index.pairs(texts.__getitem__, 0.8)
    assert len(near.pairs) == len(texts) - 1
    assert near.compared < 3 * len(texts)


def test_what_is_kept_of_a_text_is_small() -> None:
    """212 bytes of sketches a text, and no second copy when they are looked at."""
    texts = [" ".join(random.Random(n).choices(VOCABULARY, k=60)) for n in range(256)]
    NearIndex().add(texts)  # tables that are made once
    kept = {}
    for batches in (4, 16):
        tracemalloc.start()
        index = NearIndex()
        for _ in range(batches):
            index.add(texts)
        assert index.sketches.places.shape[0] == 256 * batches
        kept[batches] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert (kept[16] - kept[4]) / (12 * 256) < 300


@pytest.mark.parametrize("texts", [[], [""], ["", "  ", "…"], ["\ud800 x"]])
def test_nothing_to_compare(texts: list[str]) -> None:
    index = NearIndex()
    index.add(texts)
    assert index.sketches.keys.shape == (len(texts), BANDS)
    index.pairs(texts.__getitem__, 0.8)
