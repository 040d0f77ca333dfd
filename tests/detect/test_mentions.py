"""Mentions: places that patterns hit, and how the text stands to them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.mentions import read_mentions


def patterns(*sources: str) -> list[re.Pattern[str]]:
    return [re.compile(source, re.IGNORECASE) for source in sources]


@pytest.mark.parametrize(
    ("text", "pattern", "polarities"),
    [
        ("Do not put butter on it. Cool it with water.", r"\bbutter\b", ["prohibited"]),
        ("Give water, never aspirin.", r"\baspirin\b", ["prohibited"]),
        ("Do not move him. Call 999.", r"do not move", ["advised"]),
        ("Never call 999 for that.", r"call\W+999", ["prohibited"]),
        ("Press firmly with a clean cloth.", r"clean cloth", ["advised"]),
        ("**Do NOT:**\n- give milk\n- cause vomiting", r"milk|vomiting", ["prohibited", "prohibited"]),
        ("Call 999 if:\n- she is not breathing", r"call 999", ["advised"]),
        ("Do not stop the bleeding by applying a bandage, and apply a bandage.", r"bandage", ["prohibited", "advised"]),
        ("Nothing of it is here.", r"butter", []),
        ("No - do not let her sleep.", r"let her sleep", ["prohibited"]),
        ("Do not push the bone back and do not straighten the leg.", r"push|straighten", ["prohibited", "prohibited"]),
        ("If an AED is available, use it.", r"AED", ["advised"]),
        ("If an AED is available, do not use it.", r"AED", ["prohibited"]),
        ("Avoid butter, oils, ice.", r"butter|oils|ice", ["prohibited"] * 3),
        ("If the wound is deep, do not try to stop the bleeding on your own.", r"stop the bleeding", ["prohibited"]),
    ],
)
def test_each_hit_has_the_polarity_of_its_clause(text: str, pattern: str, polarities: list[str]) -> None:
    found = read_mentions(text, patterns(pattern))
    assert [mention.polarity for mention in found] == polarities, found
    assert all(re.search(pattern, text[mention.start : mention.end], re.IGNORECASE) for mention in found)


def test_of_nested_hits_the_longer_stays() -> None:
    found = read_mentions("Give the child aspirin.", patterns("aspirin", r"give\b.{0,20}aspirin"))
    assert [(mention.start, mention.end) for mention in found] == [(0, 22)]


@given(st.text(max_size=300))
def test_any_text_can_be_read_and_spans_lie_inside(text: str) -> None:
    for mention in read_mentions(text, patterns(r"\w+ \w+", r"[a-z]+", r"\W+")):
        assert 0 <= mention.start < mention.end <= len(text)
        assert mention.reason
        assert len(mention.quote) <= 200
