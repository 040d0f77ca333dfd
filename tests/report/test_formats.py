"""Figures as readers write them, and texts that can do nothing."""

import html
import re

import pytest
from finished_run import NASTY
from hypothesis import given
from hypothesis import strategies as st

from medtune.report import formats


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (formats.percent(0.8537), "85.4 %"),
        (formats.points(-0.1), "−10.0"),
        (formats.points(0.0), "+0.0"),
        (formats.size(6_800_000), "6.80 MB"),
        (formats.size(4.34e9), "4.34 GB"),
        (formats.size(12), "12 B"),
        (formats.duration(3.21), "3.2 s"),
        (formats.duration(3725), "1 h 2 min 5 s"),
        (formats.duration(3600), "1 h"),
        (formats.count(12345), "12,345"),
        (formats.count(0.61234), "0.6123"),
        (formats.plural(1, "row"), "1 row"),
        (formats.plural(0, "row"), "0 rows"),
        (formats.plain([1, {"a": True}]), "1, a yes"),
        (formats.compact("0" * 64), "000000000000…"),
        (formats.compact("b4321"), "b4321"),
    ],
)
def test_values_are_written_for_a_reader(written: str, wanted: str) -> None:
    assert written.replace("\u00a0", " ") == wanted


@given(st.text(max_size=80) | st.sampled_from(NASTY))
def test_an_answer_stays_verbatim_and_inert(text: str) -> None:
    markup = str(formats.answer(text))
    tags = re.findall(r"<[^>]*>", markup)
    assert set(tags) <= {'<span class="stars">', "</span>", "<strong>", "</strong>"}
    assert html.unescape(re.sub(r"<[^>]*>", "", markup)) == formats.visible(text)


def test_headings_are_bold_and_keep_their_marks() -> None:
    assert "<strong>Note</strong>" in formats.answer("**Note**\nx")
    assert "<strong>In Brief</strong>" in formats.answer("### In Brief\nx")
    assert "<strong>" not in formats.answer("see **Note** here\n**open\n#tag")


def test_reasons_that_repeat_are_counted() -> None:
    assert formats.condensed("missing: a; extra: b; extra: b") == "missing: a; extra: b (2 times)"
    assert formats.moment("2026-11-20T14:15:43+00:00") == "2026-11-20 14:15 UTC"


def test_hidden_characters_become_visible() -> None:
    assert formats.visible("a\u202eb\x00c\rd\te\n") == "a[U+202E]b\u2400c\u240dd\te\n"
