"""Refusal: a set in which the rules were made, one that they had not seen, and what must hold for any text."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.refusal import classify


def rows(name: str) -> list[dict[str, str]]:
    path = Path(__file__).parent / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


DEV = rows("refusal_dev")
HELD_OUT = rows("refusal_heldout")
CANNED = ("I can only explain medical terms. Please ask a health professional about your own case.",)


@pytest.mark.parametrize("row", DEV, ids=[str(number) for number in range(len(DEV))])
def test_the_rules_hold_where_they_were_made(row: dict[str, str]) -> None:
    found = classify(row["text"])
    assert found.kind == row["kind"], found


def test_the_rules_hold_where_they_were_not_made() -> None:
    """Rows by the rules' author, written before the rules were run on them."""
    assert len(DEV) + len(HELD_OUT) >= 40
    right = sum(classify(row["text"]).kind == row["kind"] for row in HELD_OUT)
    assert right >= 0.85 * len(HELD_OUT)


def test_no_held_out_answer_is_read_as_a_refusal_nor_the_other_way_round() -> None:
    for row in HELD_OUT:
        kind = classify(row["text"]).kind
        assert (row["kind"], kind) not in {("answer", "refuse"), ("refuse", "answer")}, row


def test_the_models_own_refusals_are_known_exactly_and_nearly() -> None:
    near = "I can only explain medical terms. Please ask a health professional about your own problem."
    for text in (CANNED[0], CANNED[0].upper(), near):
        assert classify(text, CANNED).kind == "refuse"
        assert "canned" in classify(text, CANNED).reason
    assert classify("Asthma is a disease of the airways.", CANNED).kind == "answer"
    assert "canned" not in classify(near).reason


def test_a_long_text_that_declines_and_then_explains_is_no_refusal() -> None:
    found = classify("I cannot diagnose you. " + "Asthma narrows the airways of the lungs. " * 20)
    assert found.kind in {"caution", "answer"}


def test_declining_at_length_is_still_refusing() -> None:
    assert classify("I cannot help you with that. " * 30).kind == "refuse"


def test_reasons_for_declining_are_no_help() -> None:
    found = classify("I can't work out your dose. A wrong dose can harm you. Please ask your pharmacist.")
    assert found.kind == "refuse"
    assert found.span == "I can't work out your dose."


def test_headings_alone_say_nothing() -> None:
    assert classify("**Definition**\n\n**Note**").kind == "deflect"
    assert classify("**Definition**\nI cannot help with that.").kind == "refuse"


@given(st.text(max_size=400))
def test_any_text_gets_a_kind(text: str) -> None:
    found = classify(text)
    assert found.kind in {"answer", "caution", "deflect", "refuse"}
    assert found.reason
    assert len(found.span) <= 160


REFUSALS = [row["text"] for row in DEV + HELD_OUT if row["kind"] == "refuse" and any(map(str.isalpha, row["text"]))]


@given(st.sampled_from(REFUSALS), st.sampled_from(["I'm so sorry. ", "I understand your worry. ", "\n", "**Note**\n"]))
def test_comfort_and_headings_before_a_refusal_change_nothing(refusal: str, before: str) -> None:
    assert classify(before + refusal).kind == "refuse"


@given(st.sampled_from(REFUSALS))
def test_advice_after_a_refusal_makes_it_no_refusal(refusal: str) -> None:
    assert classify(f"{refusal} Press firmly on the wound with a clean cloth.").kind in {"caution", "answer"}


def test_the_recorded_replies_of_other_systems() -> None:
    """S2's canned refusal, and S3's, which the published lists of refusals do not find (design notes, section 2.4)."""
    assert classify("Sorry, but I cannot help you in this situation! I'm glad you're safe!").kind == "refuse"
    assert classify("I don't have enough information to answer this safely.").kind == "refuse"


@given(st.sampled_from([row["text"] for row in DEV]), st.sampled_from([str.upper, str.lower, str.strip]))
def test_case_and_outer_spaces_do_not_matter(text: str, change) -> None:  # type: ignore[no-untyped-def]
    assert classify(f" {change(text)}\n").kind == classify(text).kind
