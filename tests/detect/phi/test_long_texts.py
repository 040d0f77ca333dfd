"""Texts of a megabyte: what is found is the same, and the time does not grow with the square of their length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.phi import WITHOUT_PRESIDIO, find_phi
from medtune.detect.phi.found import Found, settle

SPANS = st.builds(
    lambda start, length, kind, score: Found(start, start + length, kind, score),
    st.integers(0, 40), st.integers(1, 8), st.sampled_from(["name", "date", "phone"]), st.sampled_from([0.5, 0.7, 0.9]),
)  # fmt: skip


def one_by_one(found: list[Found]) -> tuple[Found, ...]:
    """Every span against all that were kept so far."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda span: (-span.score, span.start - span.end, span.start)):
        hits = [other for other in kept if one.start < other.end and other.start < one.end]
        best = min(hits or [one], key=lambda span: (-span.score, span.start))
        start, end = min(span.start for span in (one, *hits)), max(span.end for span in (one, *hits))
        kept = [*(other for other in kept if other not in hits), Found(start, end, best.kind, best.score)]
    return tuple(sorted(kept))


@given(st.lists(SPANS, max_size=16))
def test_spans_settle_as_if_each_met_every_other(found: list[Found]) -> None:
    assert settle(found) == one_by_one(found)


def test_very_many_spans_settle() -> None:
    many = [Found(10 * number, 10 * number + 5, "name", 0.9) for number in range(200_000)]
    assert settle(many[::-1]) == tuple(many)


# With time in the square of the length, the walls alone would take hours.
@pytest.mark.parametrize("piece", ["a", "1", "a1", "A", "-", ".", " ", "\n", "\u6f22"])
def test_a_wall_of_one_character_ends(piece: str) -> None:
    assert find_phi(piece * (100_000 // len(piece)), WITHOUT_PRESIDIO) == ()


def test_a_long_text_has_what_its_sentences_have() -> None:
    sentence = "Mr Smith was seen on 3 May 2020 by Dr. Jones, phone 0113 496 0000, for asthma.\n"
    few = find_phi(sentence, WITHOUT_PRESIDIO)
    assert {one.kind for one in few} >= {"name", "date", "phone"}
    many = find_phi(sentence * 500, WITHOUT_PRESIDIO)
    assert [(one.start % len(sentence), one.end - one.start, one.kind) for one in many] == 500 * [
        (one.start, one.end - one.start, one.kind) for one in few
    ]
