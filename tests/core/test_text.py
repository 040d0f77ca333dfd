"""Folding is stable; sentences lose nothing and stop at the right places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.text import fold, sentences


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="Ab .?!(\")'1\n", max_size=120))
def test_sentences_keep_every_word(text: str) -> None:
    assert " ".join(sentences(text)).split() == text.split()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Smith saw e.g. Anna. She left.", 2),
        ("The dose is 2.5 mg. Take it with food.", 2),
        ("It affects about 1 in 4,000 people in the U.S. Most recover.", 1),
        ("", 0),
        ("named by J. Parkinson in 1817. It is rare.", 2),
    ],
)
def test_sentence_counts(text: str, count: int) -> None:
    assert len(sentences(text)) == count
