"""Garble: a labelled set, each sign by itself, and what must hold for any text."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.garble import find_leak, measure, periodic_run, repeated_4grams, zlib_ratio

ROWS = [json.loads(line) for line in Path(__file__).with_name("garble.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_labelled_set_is_large_enough_and_has_both_kinds() -> None:
    assert len(ROWS) >= 40
    assert sum(row["garbled"] for row in ROWS) >= 20
    assert sum(not row["garbled"] for row in ROWS) >= 20


@pytest.mark.parametrize("row", ROWS, ids=[str(number) for number in range(len(ROWS))])
def test_labelled_texts(row: dict[str, object]) -> None:
    found = measure(str(row["text"]))
    assert found.garbled == row["garbled"], found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("good words \ufffd here", "undecodable"),
        ("good words<|im_end|>", "control token"),
        ("again and " * 20, "a loop: 40 words"),
        ("word " * 5 + "hahahahahahahahaha", "a loop: 'ha'"),
    ],
)
def test_the_reason_names_the_sign(text: str, reason: str) -> None:
    assert measure(text).reason.startswith(reason) or reason in measure(text).reason


def test_the_span_quotes_the_damage_shortly() -> None:
    loop = measure("The cause is not known. " + "see the doctor and " * 30)
    assert "see the doctor and see the doctor" in loop.span
    assert len(loop.span) <= 80
    assert measure("x [INST] y").span == "[INST]"
    assert measure("a bell \x07 rings").span == r"'\x07'"


def test_leaks_are_found_and_ordinary_brackets_are_not() -> None:
    assert find_leak("a <|eot_id|> b") == "<|eot_id|>"
    assert find_leak("if x < 5 and y > 3; [1]; <b>bold</b>; a|b|c") == ""


def test_figures_of_known_texts() -> None:
    assert periodic_run(["a", "b", "a", "b", "a", "b", "c"]) == (6, "a b a b a b")
    assert periodic_run(["a", "b", "a", "b", "c"]) == (0, "")
    assert periodic_run([]) == (0, "")
    assert repeated_4grams(["a"] * 23) == pytest.approx(0.95)
    assert repeated_4grams([str(number) for number in range(50)]) == 0.0
    assert zlib_ratio("short") == 0.0
    assert zlib_ratio("ab" * 500) > 10


def test_a_loop_at_the_end_of_a_long_good_text_is_found() -> None:
    good = " ".join(row["text"] for row in ROWS if not row["garbled"] and row["text"].isascii())
    assert len(good) > 1500
    assert not measure(good).garbled
    assert measure(good + " it is seen in the very same place" * 8).garbled


@given(st.text(max_size=600))
def test_any_text_is_measured(text: str) -> None:
    found = measure(text)
    assert found.garbled == bool(found.reason)
    assert all(value >= 0 for value in found.figures.values())


@given(
    st.lists(st.sampled_from(["pain", "fever", "cough", "rash", "edema"]), min_size=1, max_size=20), st.integers(12, 30)
)
def test_anything_said_twelve_times_over_is_a_loop(words: list[str], times: int) -> None:
    assert measure(" ".join(words * times)).garbled


@given(st.lists(st.integers(0, 10**9), min_size=5, max_size=80, unique=True))
def test_distinct_words_are_no_loop(numbers: list[int]) -> None:
    words = [f"w{number:x}" for number in numbers]
    figures = measure(" ".join(words)).figures
    assert figures["repeated_4grams"] == 0
    assert figures["periodic_words"] == 0
