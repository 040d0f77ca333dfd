"""The short cuts of the detector find what the whole expressions find."""

import re

from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.phi import places, structured
from medtune.detect.phi.lists import load_lists
from medtune.detect.phi.names import _word

TEXTS = st.text(alphabet="0123459AbZz_é٣½-/ .,()#\n", max_size=60)


@given(TEXTS)
def test_numbers_are_found_as_by_the_expression_alone(text: str) -> None:
    assert list(structured._numbers(text)) == [match.span() for match in structured._NUMBER.finditer(text)]


def test_a_digit_far_inside_a_word_begins_where_the_expression_says() -> None:
    for size in (38, 39, 40, 41, 42, 90):
        text = "x" + "y" * size + "1-2-3 and " + "z" * size + "12345"
        assert list(structured._numbers(text)) == [match.span() for match in structured._NUMBER.finditer(text)]


PIECES = ["St Mary", "general", "hospital", "at the", "county", "Clinic", "3rd", "avenue", "1nd", "st", "ward", "Low",
          "med ctr", "\n", "from", "12th", "street", "nursing home", "office"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_no_facility_is_passed_over(pieces: list[str]) -> None:
    text = " ".join(pieces)
    if places._LOWER_FACILITY.search(text):
        assert places._may_hold_facility(text)


ZIPS = ["zip", "ZIP code", "is", "02139", "Postal Code", "plz", "12", "A1b", "SW1A", "1AA", "b12 3", "Ma", "near",
        "area", "postcode", "4", "-", ":", "ſw1", "who", ","]  # fmt: skip


@given(st.lists(st.sampled_from(ZIPS), max_size=6), st.sampled_from([" ", "", "\n"]))
def test_no_postcode_is_passed_over(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    if places._FIVE.search(text) and places._ZIP.search(text):
        assert places._may_hold_zip(text)


@given(st.text(alphabet="abAB'’.-_1é É²", max_size=30))
def test_capitalised_words_are_those_of_all_words(text: str) -> None:
    words = [found.span() for found in re.finditer(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*", text)]
    capitalised = [found.span() for found in places._CAPITALISED.finditer(text)]
    assert [span for span in words if text[span[0]].isupper()] == [s for s in capitalised if text[s[0]].isupper()]


def test_what_is_known_of_a_word_does_not_depend_on_where_it_stands() -> None:
    lists = load_lists()
    for token in ("Smith", "Parkinson's", "Dr.", "J.", "MS", "Anne-Marie", "Müller", "ABCDEF"):
        one, other = _word(0, token, lists), _word(500, token, lists)
        assert (one.start, other.start, other.end - other.start) == (0, 500, one.end)
        assert one.folded == other.folded
        assert [one.given, one.family, one.title, one.plain] == [other.given, other.family, other.title, other.plain]
