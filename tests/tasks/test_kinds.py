"""Every kind of contract: any text is judged without an exception, and what is rendered passes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_outputs import documents, outputs

from medtune.core.errors import DataError
from medtune.tasks import (
    TASKS,
    check_contract,
    contract_digest,
    load_task,
    render_answer,
    render_paragraph,
    render_quotes,
    render_steps,
    render_tags,
)

WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9), min_size=6, max_size=30).map(" ".join)
PIECES = st.sampled_from([
    "<thinking>", "</thinking>", "<answer>", "</answer>", "{", "}", '"relevant_text"', ":", "[", "]", '"', "\\", "1. ",
    "2.", "\n", "\n\n", "**Note**", "## Reply", "## Summary", "9.1 %", "5 mg", "metformin", "E. coli", "3 May 2025",
    "等待回覆", "\ud800", "\x00", "&lt;", "<encounter>", "½", "NaN", "1e999", "[" * 50, "١٢", "2025-02-30", "31 April",
])  # fmt: skip
ANY = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES).map(" ".join))
SOURCES = st.one_of(ANY, st.sampled_from(sorted(documents().values())))


@given(st.sampled_from(sorted(TASKS)), ANY, SOURCES, st.sampled_from(["stop", "length", "error"]))
def test_any_text_about_any_text_is_judged(name: str, text: str, source: str, finish_reason: str) -> None:
    task = load_task(name)
    result = check_contract(task, text, finish_reason, source, locale="GB")
    assert result.ok == (not result.problems)
    assert result.faithful == (not result.unfaithful)
    assert check_contract(task, text, finish_reason, source, locale="GB") == result
    for problem in (*result.problems, *result.unfaithful):
        assert problem.name and problem.reason and len(problem.span) <= 120
        problem.span.encode("utf-8")
    if finish_reason != "stop":
        assert not result.ok


@given(st.sampled_from(sorted(TASKS)), ANY)
def test_without_a_source_nothing_is_compared(name: str, text: str) -> None:
    assert check_contract(load_task(name), text, "stop").faithful


def test_deep_nesting_and_huge_numbers_are_no_json() -> None:
    task = load_task("consult-validation")
    for text in ('{"relevant_text": ' + "[" * 100_000, '{"relevant_text": [' + "9" * 10_000 + "]}"):
        assert {one.name for one in check_contract(task, text, "stop").problems} <= {"not_json", "not_strings"}


@given(WORDS, WORDS)
def test_rendered_tags_pass_and_their_bodies_come_back(thinking: str, answer: str) -> None:
    task = load_task("consult-summary")
    if thinking == answer:
        return
    result = check_contract(task, render_tags(task, (thinking, answer)), "stop")
    assert result.ok and result.parts == {"thinking": thinking, "answer": answer}


@given(st.lists(st.text('abc"\\{}[],:\n é你', min_size=1, max_size=30).filter(str.strip), min_size=1, max_size=6))
def test_rendered_quotations_pass_and_come_back_letter_by_letter(quotes: list[str]) -> None:
    task = load_task("discharge-validation")
    if not all(any(char.isalnum() for char in quote) for quote in quotes):
        with pytest.raises(DataError):
            render_quotes(task, quotes)
        return
    text = render_quotes(task, quotes)
    assert check_contract(task, text, "stop").ok
    assert json.loads(text) == {"relevant_text": quotes}


@given(st.lists(WORDS, min_size=3, max_size=12, unique=True))
def test_rendered_steps_pass(steps: list[str]) -> None:
    task = load_task("emergency")
    result = check_contract(task, render_steps(task, steps), "stop")
    assert result.ok and result.parts["steps"].split("\n") == steps


@given(st.lists(WORDS, min_size=4, max_size=8))
def test_a_rendered_paragraph_passes(sentences: list[str]) -> None:
    task = load_task("discharge-summary")
    text = "\n".join(f"{sentence.capitalize()}." for sentence in sentences)
    assert check_contract(task, render_paragraph(task, text), "stop").ok


@given(WORDS)
def test_a_rendered_answer_ends_with_the_disclaimer_once(body: str) -> None:
    task = load_task("medical-qa")
    text = render_answer(task, f"Rest and water help: {body}.")
    assert check_contract(task, text, "stop").ok
    assert text.endswith(task.disclaimer.strip()) and text.count(task.disclaimer.strip()) == 1
    assert task.finished(text) == text


@pytest.mark.parametrize(
    "render",
    [
        lambda: render_tags(load_task("consult-summary"), ("one body only",)),
        lambda: render_tags(load_task("consult-summary"), ("a thought of four", "</answer> breaks out of it")),
        lambda: render_quotes(load_task("consult-validation"), ()),
        lambda: render_quotes(load_task("consult-validation"), ("a word " * 100,)),
        lambda: render_steps(load_task("emergency"), ("Call him by his name.", "Shake him a bit.")),
        lambda: render_steps(
            load_task("emergency"),
            ("Shake his shoulder.", "Tilt the head.", "Press on the chest."),
            "he is not breathing",
        ),
        lambda: render_paragraph(load_task("discharge-summary"), "Too short."),
        lambda: render_paragraph(load_task("discharge-summary"), "a word " * 400),
        lambda: render_answer(load_task("medical-qa"), ""),
        lambda: render_answer(load_task("medical-qa"), "I can't help with that."),
    ],
)
def test_what_would_miss_the_form_is_not_rendered(render: object) -> None:
    with pytest.raises(DataError) as caught:
        render()  # type: ignore[operator]
    assert "breaks out" not in str(caught.value)


def test_a_digest_follows_the_rules_of_the_task_and_not_its_words() -> None:
    for name in TASKS:
        task = load_task(name)
        assert contract_digest(task) == contract_digest(task.model_copy(update={"title": "another", "smoke": ("x",)}))
    digests = {name: contract_digest(load_task(name)) for name in TASKS}
    assert digests["consult-summary"] != digests["consult-summary/zh-Hant"]
    # Runs of earlier versions hold this digest: it stays while the rules do.
    assert digests["terminology"].startswith("f5841e0243")


def test_any_damage_to_a_good_quotation_is_seen() -> None:
    """A letter more or less, and the string stands nowhere any more."""
    for output in outputs("consult-validation", "good"):
        quotes = json.loads(output.answer)["relevant_text"]
        damaged = json.dumps({"relevant_text": [f"{quotes[0]}q", *quotes[1:]]})
        found = {one.name for one in check_contract(output.task, damaged, "stop", output.source).unfaithful}
        assert "not_verbatim" in found, output.place


def test_the_number_of_another_country_is_no_matter_of_form() -> None:
    task = load_task("emergency")
    text = "1. Call 911 now.\n2. Press hard on the chest.\n3. Go on until help comes."
    for locale, unfaithful in (("GB", {"wrong_number"}), ("US", set()), ("en-US", set()), ("XX", set()), (None, set())):
        result = check_contract(task, text, "stop", "He is not breathing!", locale=locale)
        assert result.ok
        assert {one.name for one in result.unfaithful} == unfaithful
