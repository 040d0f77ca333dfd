"""Memory that prepare takes for each record: names and numbers, not texts."""

import json
import tracemalloc
from pathlib import Path

import pytest
from datarun import collect, recipe

from medtune.chat.base import tiny_folder
from medtune.chat.template import load_tokenizer
from medtune.config.recipe import RecipeView
from medtune.prepare import stage
from medtune.prepare.rows import Lengths

FEW, MANY = 300, 900
ANSWER_BYTES = 1_500


def peak_of(folder: Path, count: int) -> int:
    """Bytes that prepare's Python objects and arrays take at most, for `count` records with long answers."""
    folder.mkdir()
    with (folder / "a.jsonl").open("w") as file:
        for number in range(count):
            answer = f"Thing {number} is one of many. " * (ANSWER_BYTES // 30)
            file.write(json.dumps({"question": f"What is thing {number}?", "answer": answer}) + "\n")
    section = {"phi": {"profile": "public", "public_sample": 0}, "max_tokens": 2048}
    of = recipe([{"kind": "files", "path": "a.jsonl"}], prepare=section)
    run, _ = collect(of, folder)
    tracemalloc.start()
    stage.run(RecipeView(of, stage.READS, folder), run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.slow
def test_no_text_stays_in_memory(tmp_path: Path) -> None:
    """Steps look at batches of texts, so the peak grows up to one batch; behind it a record takes far less than its
    text."""
    load_tokenizer(tiny_folder())  # what is loaded once is no part of the growth
    peak_of(tmp_path / "warm", 20)
    grown = peak_of(tmp_path / "many", MANY) - peak_of(tmp_path / "few", FEW)
    assert grown / (MANY - FEW) < ANSWER_BYTES / 2


def test_lengths_take_four_bytes_a_draft() -> None:
    tracemalloc.start()
    lengths = Lengths()
    for number in range(0, 100_000, 2):
        lengths[number] = (7,)
    lengths[100_001] = (3, 9)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < 100_000 * 6
    assert (len(lengths), len(list(lengths))) == (50_001, 50_001)
    assert (lengths[4], lengths[100_001]) == ((7,), (3, 9))
