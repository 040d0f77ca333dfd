"""Summarise, validate, find: quotations get their places in the document, and what stands nowhere is marked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_outputs import documents

from medtune.core.text import fold
from medtune.llm.client import ChatClient
from medtune.llm.messages import Decoding, Reply
from medtune.llm.scripted import Answer, ScriptedServer
from medtune.tasks import asker, find_evidence, find_quotations, load_task
from medtune.tasks.locate import places_of

SUMMARY, VALIDATION = load_task("consult-summary"), load_task("consult-validation")
TEXTS = st.text(alphabet="aAbBß \n\tİ&;lt<x.é", min_size=1, max_size=60)


@given(TEXTS, st.data())
def test_every_stretch_of_a_text_is_found_letter_by_letter(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source) - 1))
    end = data.draw(st.integers(start + 1, len(source)))
    quote = source[start:end]
    match, places = places_of(source, quote)
    if not quote.strip():
        assert (match, places) == ("none", ())
        return
    assert match == "exact" and (start, end) in places
    assert all(source[one:other] == quote for one, other in places)
    assert list(places) == sorted(set(places))


@given(TEXTS, st.data())
def test_case_and_spacing_do_not_matter_and_offsets_are_those_of_the_source(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source) - 1))
    end = data.draw(st.integers(start + 1, len(source)))
    quote = "  ".join(source[start:end].swapcase().split())
    match, places = places_of(source, quote)
    for one, other in places:
        assert 0 <= one < other <= len(source)
        if match == "exact":
            assert source[one:other] == quote
    if quote and "&" not in source and quote.casefold() == " ".join(source[start:end].split()).casefold():
        assert match in ("exact", "loose")  # exact: the swapped letters happen to stand elsewhere
        assert match == "exact" or any(one < end and other > start for one, other in places)


@given(TEXTS, st.lists(TEXTS, max_size=6))
def test_any_quotations_of_any_text_come_back_in_order(source: str, quotes: list[str]) -> None:
    found = find_quotations(source, quotes)
    assert [one.text for one in found] == quotes
    for one in found:
        if one.match == "none":
            assert (one.start, one.end, one.places) == (-1, -1, ())
        else:
            assert (one.start, one.end) in one.places
            assert 0 <= one.start < one.end <= len(source)
            if one.match == "exact":
                assert source[one.start : one.end] == one.text


@pytest.mark.parametrize(
    ("source", "quotes", "places"),
    [
        ("aaa", ["aa"], [(0, 2)]),
        ("aaa", ["aa", "aa", "aa"], [(0, 2), (1, 3), (0, 2)]),
        ("one two one", ["one", "one"], [(0, 3), (8, 11)]),
        ("Sodium 5.0 Potassium 5.0", ["Potassium", "5.0"], [(11, 20), (21, 24)]),
        ("Sodium 5.0 Potassium 5.0", ["Sodium", "5.0", "Potassium", "5.0"], [(0, 6), (7, 10), (11, 20), (21, 24)]),
        ("Sodium 5.0 Potassium 5.0", ["Potassium", "5.0", "Sodium", "5.0"], [(11, 20), (21, 24), (0, 6), (7, 10)]),
        ("heart failure today", ["heart failure", "failure today"], [(0, 13), (6, 19)]),
        ("Heart\n  Failure", ["heart failure"], [(0, 15)]),
        ("WBC &gt; 12", ["WBC > 12"], [(0, 11)]),
        ("STRASSE", ["straße"], [(0, 7)]),
        ("nothing", ["something", "", "  "], [(-1, -1)] * 3),
    ],
)
def test_places_of_quotations(source: str, quotes: list[str], places: list[tuple[int, int]]) -> None:
    assert [(one.start, one.end) for one in find_quotations(source, quotes)] == places


def test_highlights_do_not_overlap() -> None:
    found = find_evidence(
        "heart failure today and tomorrow",
        lambda turn: "<thinking>a thought of it</thinking><answer>heart failure it is</answer>",
        lambda turn: '{"relevant_text": ["failure today", "heart failure", "tomorrow", "nowhere"]}',
        summary_task=SUMMARY,
        evidence_task=VALIDATION,
    )
    assert found.highlights == ((0, 19), (24, 32))
    assert [one.text for one in found.unmatched] == ["nowhere"]


def test_two_models_are_asked_as_their_tasks_say() -> None:
    form = documents()["sugar"]
    summary = (
        "Endocrinology is asked about high blood sugar before elective surgery, HbA1c 9.1 %. "
        "Metformin 500 mg twice daily, insulin glargine 18 units at bedtime. "
        "Reply: stop metformin on the day before surgery, check glucose."
    )
    quotes = ["HbA1c", "9.1 %", "insulin glargine 18 units at bedtime", "METFORMIN 500 mg", "ask the family"]
    script = [
        Answer(f"<thinking>Two medicines are given.</thinking>\n<answer>{summary}</answer>"),
        Answer(json.dumps({"relevant_text": quotes})),
    ]
    with ScriptedServer(script) as server, ChatClient(server.base_url) as client:
        found = find_evidence(
            form, asker(client, SUMMARY), asker(client, VALIDATION), summary_task=SUMMARY, evidence_task=VALIDATION
        )
        first, second = (request["messages"] for request in server.requests)
    assert found.summary == summary
    assert [one.match for one in found.quotations] == ["exact", "exact", "exact", "loose", "none"]
    assert form[found.quotations[0].start : found.quotations[1].end].startswith("HbA1c: 9.1 %")
    assert found.summary_result.ok and found.summary_result.faithful
    assert {one.name for one in found.evidence_result.unfaithful} == {"not_exact", "not_verbatim"}
    assert [turn["content"] for turn in first] == [SUMMARY.system, form]
    assert [turn["content"] for turn in second] == [VALIDATION.system, f"{form}\n\n## Summary\n{summary}"]


def test_a_summary_that_misses_its_form_is_validated_as_it_stands() -> None:
    asked: list[str] = []

    def validate(turn: str) -> Reply:
        asked.append(turn)
        return Reply("no JSON", "length", 1, 1, 0.0)

    found = find_evidence(
        documents()["rash"], lambda turn: " just prose ", validate, summary_task=SUMMARY, evidence_task=VALIDATION
    )
    assert found.summary == "just prose" and asked[0].endswith("\n\n## Summary\njust prose")
    assert not found.summary_result.ok and found.quotations == ()
    assert {one.name for one in found.evidence_result.problems} == {"not_json", "cut_off"}


def test_what_a_step_raises_is_passed_on() -> None:
    def fail(turn: str) -> str:
        raise RuntimeError("the model is away")

    with pytest.raises(RuntimeError, match="away"):
        find_evidence("text", fail, fail, summary_task=SUMMARY, evidence_task=VALIDATION)


def test_folding_is_what_the_contract_folds() -> None:
    """A string that the contract calls inexact is found here, so that a page can show it."""
    for text in documents().values():
        quote = text[: len(text) // 2].upper()
        assert fold(quote) in fold(text)
        assert places_of(text, quote)[0] == "loose"


def test_the_decoding_is_that_of_the_task() -> None:
    class Client:
        def chat(self, messages: object, decoding: Decoding) -> Reply:
            assert decoding == SUMMARY.decoding.settings()
            return Reply("x", "stop", 1, 1, 0.0)

    assert asker(Client(), SUMMARY)("form").text == "x"
