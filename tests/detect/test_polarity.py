"""Polarity: own sentences with floors, cases that a reader would look up, and what must hold for any text."""

import csv
import hashlib
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.polarity import Polarity, read_polarity

KINDS = {"advised", "prohibited", "conditional", "reported", "unclear"}
FAMILIES = {
    "direct", "avoid", "condition", "coordination", "double_negative", "consequence", "header", "myth", "positive",
}  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    path = Path(__file__).parent / "polarity" / f"{name}.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


DEV = rows("dev")
REGRESSION = rows("regression")


def text_of(row: dict[str, str]) -> str:
    return row["sentence"].replace("\\n", "\n")


def read(row: dict[str, str]) -> str:
    return read_polarity(text_of(row), row["action"]).polarity


def test_the_own_sentences_cover_the_nine_families_and_are_split_by_digest() -> None:
    every = [*DEV, *REGRESSION]
    assert len(every) >= 420
    assert {row["family"] for row in every} == FAMILIES
    assert min(Counter(row["family"] for row in every).values()) >= 40
    pairs = [(row["sentence"], row["action"]) for row in every]
    assert len(set(pairs)) == len(pairs)
    for name, part in (("dev", DEV), ("regression", REGRESSION)):
        for row in part:
            digest = hashlib.sha256(f"{row['sentence']}\t{row['action']}".encode()).hexdigest()
            assert ("regression" if int(digest, 16) % 10 < 3 else "dev") == name


@pytest.mark.parametrize(("part", "floor"), [(DEV, 0.97), (REGRESSION, 0.95)], ids=["dev", "regression"])
def test_the_own_sentences_are_read_as_labelled(part: list[dict[str, str]], floor: float) -> None:
    wrong = [row for row in part if read(row) != row["polarity"]]
    assert 1 - len(wrong) / len(part) >= floor, wrong
    prohibited = [row for row in part if row["polarity"] == "prohibited"]
    harmful = [row for row in wrong if row["polarity"] == "prohibited" and read(row) == "advised"]
    assert len(harmful) <= 0.02 * len(prohibited), harmful


@pytest.mark.parametrize(
    ("text", "action", "polarity"),
    [
        ("Do not stop pressing.", "press", "advised"),
        ("Do not stop pressing.", "stop pressing", "prohibited"),
        ("If the person is not breathing, start CPR.", "start CPR", "advised"),
        ("Do not stop the bleeding by applying a bandage.", "apply a bandage", "prohibited"),
        ("If the bleeding does not stop, do not let go; keep pressing.", "keep pressing", "advised"),
        ("Do not do anything but keep calm.", "apply butter", "unclear"),
        ("Butter, burns and bandages are words.", "apply butter to burns", "unclear"),
        ("Apply butter. Do not apply butter.", "apply butter", "unclear"),
        ("Some people apply butter. Do not apply butter.", "apply butter", "prohibited"),
        ("Apply butter only if a doctor agrees.", "apply butter", "conditional"),
        ("", "apply butter", "unclear"),
        ("Apply butter.", "", "unclear"),
    ],
)
def test_what_a_reader_would_look_up(text: str, action: str, polarity: str) -> None:
    found = read_polarity(text, action)
    assert found.polarity == polarity, found


def test_the_span_quotes_the_deciding_sentence_and_the_rule_names_the_reason() -> None:
    text = "Stay calm. Do not remove the knife. Call for help."
    found = read_polarity(text, "remove the knife")
    assert found == Polarity("prohibited", "Do not remove the knife.", "turned by: do not")


def test_a_header_turns_its_bullets_and_nothing_after_them() -> None:
    text = "Do NOT:\n- give milk\n- cause vomiting\n\nRinse the mouth.\n\nDo:\n- call the poison centre"
    assert read_polarity(text, "give milk").polarity == "prohibited"
    assert read_polarity(text, "rinse the mouth").polarity == "advised"
    assert read_polarity(text, "call the poison centre").polarity == "advised"


LINES = [
    row for row in [*DEV, *REGRESSION] if "\\n" not in row["sentence"] and row["sentence"].endswith((".", "!", "?"))
]
UNRELATED = ["The weather was fine in April.", "Trains leave at noon.", "The museum has two floors."]


@given(st.sampled_from(LINES), st.sampled_from(UNRELATED), st.booleans())
def test_an_unrelated_sentence_changes_nothing(row: dict[str, str], other: str, before: bool) -> None:
    text = f"{other} {text_of(row)}" if before else f"{text_of(row)} {other}"
    assert read_polarity(text, row["action"]).polarity == read(row)


@given(st.sampled_from([*DEV, *REGRESSION]), st.sampled_from([str.lower, str.upper]))
def test_case_does_not_matter(row: dict[str, str], change) -> None:  # type: ignore[no-untyped-def]
    assert read_polarity(change(text_of(row)), change(row["action"])).polarity == read(row)


BULLETS = [row for row in [*DEV, *REGRESSION] if "\\n- " in row["sentence"] and "\\n  " not in row["sentence"]]


@given(st.sampled_from(BULLETS), st.sampled_from(["* ", "• ", "– ", "+ "]))
def test_the_bullet_marker_does_not_matter(row: dict[str, str], marker: str) -> None:
    assert read_polarity(text_of(row).replace("\n- ", f"\n{marker}"), row["action"]).polarity == read(row)


@given(st.sampled_from([*DEV, *REGRESSION]), st.sampled_from(["  ", "\t", " \u00a0"]))
def test_wider_spaces_change_nothing(row: dict[str, str], space: str) -> None:
    text = text_of(row)
    spaced = "\n".join(line[: len(line) - len(line.lstrip())] + space.join(line.split()) for line in text.split("\n"))
    assert read_polarity(spaced, row["action"]).polarity == read(row)


@given(st.sampled_from([*DEV, *REGRESSION]))
def test_the_span_stands_in_the_text(row: dict[str, str]) -> None:
    span = read_polarity(text_of(row), row["action"]).span.rstrip("…")
    assert span in " ".join(text_of(row).split())


VERBS = ["apply", "give", "remove", "press", "cool", "cover", "move", "lift", "rinse", "massage", "stop", "delay"]
OBJECTS = ["the wound", "the bandage", "a warm drink", "the casualty", "the injured arm", "cold water", "the tablets"]
TAILS = ["", " firmly", " at once", " for ten minutes", " with both hands"]


@given(st.sampled_from(VERBS), st.sampled_from(OBJECTS), st.sampled_from(TAILS), st.sampled_from(["Do not", "Never"]))
def test_do_not_before_a_bare_imperative_prohibits(verb: str, thing: str, tail: str, negation: str) -> None:
    action = f"{verb} {thing}"
    assert read_polarity(f"{action.capitalize()}{tail}.", action).polarity == "advised"
    assert read_polarity(f"{negation} {action}{tail}.", action).polarity == "prohibited"


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_gets_a_polarity(text: str, action: str) -> None:
    found = read_polarity(text, action)
    assert found.polarity in KINDS
    assert found.rule
    assert len(found.span) <= 200


CUES = (
    "do not never avoid if unless until only but and or , ; : . ? - * \n ❌ **Do:** instead of apply butter it rather "
    "than to is dangerous stop"
)
PIECES = st.sampled_from(CUES.split(" "))


@given(st.lists(PIECES, max_size=40))
def test_any_heap_of_cues_gets_a_polarity(pieces: list[str]) -> None:
    assert read_polarity(" ".join(pieces), "apply butter").polarity in KINDS


def test_ten_thousand_pairs_take_less_than_20_seconds() -> None:
    pairs = [(text_of(row), row["action"]) for row in [*DEV, *REGRESSION]]
    began = time.process_time()
    for number in range(2000):
        text, action = pairs[number % len(pairs)]
        read_polarity(f"{text}\n\nNumber {number}.", action)  # no text comes twice: nothing is read from a cache
    assert time.process_time() - began < 20 * 2000 / 10_000
