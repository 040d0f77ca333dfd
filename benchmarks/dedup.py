"""Near duplicates: rows a second beside datasketch's MinHashLSH in one run, recall and precision against brute force.

    pip install datasketch rensa
    python benchmarks/dedup.py [--texts 20000] [--brute 3000]

Texts are answers of the bundled MedQuAD; every third has a copy with a seeded share of its words changed, so that the
similarity of pairs runs from 0.5 to 1. Both sides get the same texts: 128 permutations, threshold 0.8, shingles of
5 words. datasketch does what its documentation shows (a MinHash a text, query, then insert); ours are the keys, the
candidates and their verification. Rates are medians of three turns, taken in alternation.
"""

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from medtune.collect.sources.medquad import BUNDLED, bundled_folder, raw_documents
from medtune.collect.sources.medquad_xml import parse_document
from medtune.prepare.near.pairs import NearIndex

THRESHOLD, PERMUTATIONS, WORDS, BATCH, TURNS = 0.8, 128, 5, 256, 3
_WORD = re.compile(r"[^\W_]+")
_MIN_WORDS = 40


def make_texts(count: int) -> list[str]:
    """Answers, a third of them followed by a changed copy."""
    draw = random.Random(7)
    words = [
        f"{onset}{vowel}{tail}" for onset in "bdfgklmnprst" for vowel in "aeiou" for tail in ("n", "rol", "x", "ta")
    ]
    texts: list[str] = []
    turn = 0
    while len(texts) < count:
        for answer in _answers():
            own = answer.split()
            if turn:  # the same answers again, other ones by now
                own = [draw.choice(words) if draw.random() < 0.3 else word for word in own]
            texts.append(" ".join(own))
            if len(texts) % 3 == 0:
                share = draw.choice((0.0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08))
                texts.append(" ".join(draw.choice(words) if draw.random() < share else word for word in own))
            if len(texts) >= count:
                break
        turn += 1
    draw.shuffle(texts)
    return texts[:count]


def _answers() -> Iterator[str]:
    for _, data in raw_documents(bundled_folder() / BUNDLED):
        for pair in parse_document(data).pairs:
            if len(pair.answer.split()) >= _MIN_WORDS:
                yield pair.answer


def word_runs(text: str) -> set[str]:
    """Shingles as Python sees them."""
    words = _WORD.findall(text.casefold())
    return {" ".join(words[place : place + WORDS]) for place in range(max(1, len(words) - WORDS + 1))}


def with_medtune(texts: list[str], *, every: bool = False) -> set[tuple[int, int]]:
    """Verified pairs of ours."""
    index = NearIndex(WORDS)
    for start in range(0, len(texts), BATCH):
        index.add(texts[start : start + BATCH])
    return set(index.pairs(texts.__getitem__, THRESHOLD, every=every).pairs)


def with_datasketch(texts: list[str]) -> set[tuple[int, int]]:
    """Pairs that datasketch's index gives back."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    pairs = set()
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([run.encode() for run in word_runs(text)])
        pairs |= {(other, number) for other in index.query(sketch)}
        index.insert(number, sketch)
    return pairs


def with_rensa(texts: list[str]) -> set[tuple[int, int]]:
    """Pairs of rensa's index (Rust); the words are Python's."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=16)
    pairs = set()
    for number, text in enumerate(texts):
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=1)
        sketch.update(list(word_runs(text)))
        pairs |= {(other, number) for other in index.query(sketch)}
        index.insert(number, sketch)
    return pairs


def brute_force(texts: list[str]) -> dict[tuple[int, int], float]:
    """Jaccard similarity of every pair that shares a shingle at all and reaches 0.5."""
    sets = [word_runs(text) for text in texts]
    holders: dict[str, list[int]] = {}
    shared: dict[tuple[int, int], int] = {}
    for number, runs in enumerate(sets):
        for run in runs:
            for other in holders.setdefault(run, []):
                shared[other, number] = shared.get((other, number), 0) + 1
            holders[run].append(number)
    found = {pair: count / (len(sets[pair[0]]) + len(sets[pair[1]]) - count) for pair, count in shared.items()}
    return {pair: value for pair, value in found.items() if value >= 0.5}


def clusters_of(pairs: set[tuple[int, int]], count: int) -> list[int]:
    """The group of each text when near ones are joined: what the split keeps together."""
    root = list(range(count))
    for one, other in sorted(pairs):
        low, high = sorted((root[one], root[other]))
        root = [low if value == high else value for value in root] if low != high else root
    return root


def quality(found: set[tuple[int, int]], truth: dict[tuple[int, int], float]) -> dict[str, Any]:
    """Recall of pairs from each similarity up, and the share of found pairs that are above the threshold."""
    result: dict[str, Any] = {"pairs": len(found)}
    for least in (0.8, 0.9):
        wanted = {pair for pair, value in truth.items() if value >= least}
        result[f"recall_{least}"] = round(len(found & wanted) / len(wanted), 4) if wanted else None
        result[f"pairs_{least}"] = len(wanted)
    near = {pair for pair, value in truth.items() if THRESHOLD <= value < THRESHOLD + 0.03}
    result["recall_0.80_to_0.83"] = round(len(found & near) / len(near), 4) if near else None
    right = sum(truth.get(pair, 0.0) >= THRESHOLD for pair in found)
    result["precision"] = round(right / len(found), 4) if found else None
    return result


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--brute", type=int, default=3_000, help="texts of the comparison with brute force")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    texts = make_texts(given.texts)
    ways: dict[str, Callable[[list[str]], set[tuple[int, int]]]] = {
        "medtune": with_medtune, "datasketch": with_datasketch, "rensa": with_rensa,
    }  # fmt: skip
    for name in list(ways):
        try:
            ways[name](texts[:50])
        except ImportError:
            del ways[name]
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            began = time.perf_counter()
            way(texts)
            seconds[name].append(time.perf_counter() - began)
    rate = {name: len(texts) / statistics.median(values) for name, values in seconds.items()}
    part = list(islice(texts, given.brute))
    truth = brute_force(part)
    found = {name: (with_medtune(part, every=True) if name == "medtune" else way(part)) for name, way in ways.items()}
    clusters = clusters_of(with_medtune(part), len(part))
    result = {
        "texts": len(texts),
        "rows_per_s": {name: round(value) for name, value in rate.items()},
        "ratio_to_datasketch": {name: round(value / rate["datasketch"], 2) for name, value in rate.items()}
        if "datasketch" in rate
        else None,
        "kept_together": {
            str(least): round(
                statistics.fmean(clusters[a] == clusters[b] for (a, b), s in truth.items() if s >= least), 4
            )
            for least in (0.8, 0.9)
        },
        "quality": {name: quality(pairs, truth) for name, pairs in found.items()},
    }
    print(json.dumps(result, indent=2))
    if given.out:
        given.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
