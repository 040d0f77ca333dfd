"""The contract: a rendered answer passes; any damage to its form is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.errors import DataError
from medtune.core.text import fold
from medtune.tasks import Task, check_contract, contract_digest, four_parts, load_task, render_parts

TASK = load_task("terminology")
WORDS = st.text(alphabet=st.characters(categories=("Ll", "Lu", "Nd"), exclude_characters="*#"), min_size=1, max_size=9)
BODIES = st.lists(
    st.lists(WORDS, min_size=3, max_size=30).map(" ".join),
    min_size=4,
    max_size=4,
    unique_by=fold,
)
GOOD = four_parts(
    "Asthma is a disease of the airways.",
    "The airways swell and become narrow.",
    "It makes breathing hard, mostly at night.",
    "Many people use an inhaler.",
)


def with_contract(task: Task, **changes: object) -> Task:
    return task.model_copy(update={"contract": task.contract.model_copy(update=changes)})


def names(text: str, finish_reason: str = "stop") -> set[str]:
    return {problem.name for problem in check_contract(TASK, text, finish_reason).problems}


def heading_lines(text: str) -> list[int]:
    return [number for number, line in enumerate(text.split("\n")) if line.startswith("**")]


@given(BODIES)
def test_a_rendered_answer_passes_and_its_bodies_come_back(bodies: list[str]) -> None:
    text = four_parts(*bodies)
    result = check_contract(TASK, text, "stop")
    assert result.ok
    assert not result.problems
    assert list(result.parts.values()) == bodies


@given(BODIES, st.integers(0, 3))
def test_deleting_a_heading_fails(bodies: list[str], which: int) -> None:
    lines = render_parts(TASK, bodies).split("\n")
    del lines[heading_lines("\n".join(lines))[which]]
    assert "missing" in names("\n".join(lines))


@given(BODIES, st.permutations(range(4)))
def test_reordering_the_parts_fails(bodies: list[str], order: list[int]) -> None:
    parts = render_parts(TASK, bodies).split("\n\n")
    text = "\n\n".join(parts[index] for index in order)
    assert names(text) == (set() if order == [0, 1, 2, 3] else {"order"})


@given(BODIES, st.integers(0, 3), st.integers(0, 4))
def test_repeating_a_part_fails_wherever_it_stands(bodies: list[str], which: int, where: int) -> None:
    parts = render_parts(TASK, bodies).split("\n\n")
    parts.insert(where, parts[which])
    assert "repeated" in names("\n\n".join(parts))


@given(BODIES, st.integers(0, 3))
def test_emptying_a_body_fails(bodies: list[str], which: int) -> None:
    parts = render_parts(TASK, bodies).split("\n\n")
    parts[which] = parts[which].split("\n")[0]
    assert names("\n\n".join(parts)) == {"empty"}


@given(st.text(max_size=400), st.sampled_from(["stop", "length", "error"]))
def test_any_text_is_judged_without_an_exception_and_ok_means_no_problem(text: str, finish_reason: str) -> None:
    result = check_contract(TASK, text, finish_reason)
    assert result.ok == (not result.problems)
    if finish_reason != "stop":
        assert not result.ok


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"missing"}),
        ("Asthma is a disease of the airways.", {"missing", "preamble"}),
        ("Sure!\n\n" + GOOD, {"preamble"}),
        (GOOD + "\n\n**Sources**\nnone at all here", {"extra_heading"}),
        (GOOD + "\n\n## Sources\nnone at all here", {"extra_heading"}),
        (GOOD.replace("**Note**", "**Note:**"), {"missing", "extra_heading"}),
        (GOOD.replace("**Note**", "**note**"), {"missing", "extra_heading"}),
        (GOOD.replace("**Note**", "Note"), {"missing"}),
        (GOOD.replace("**Note**\n", "**Note** "), {"missing"}),
        (GOOD.replace("\n\n**Note**", "\n**Note**"), {"no_blank_line"}),
        (GOOD.replace("Many people use an inhaler.", "Inhalers help."), {"too_short"}),
        (GOOD.replace("Many people use an inhaler.", "- ... !"), {"empty"}),
        (GOOD.replace("Many people use an inhaler.", "Asthma is a  Disease of the airways."), {"same_body"}),
        (GOOD.replace("**Definition**\n", "**Definition**\n\n"), set()),
        (GOOD.replace("\n", "\r\n"), set()),
        (GOOD + "\n", set()),
        ("Definition, Explanation, Clinical Relevance, Note", {"missing", "preamble"}),
        ("**Definition**\n**Explanation**\n**Clinical Relevance**\n**Note**", {"empty", "no_blank_line"}),
    ],
)
def test_each_way_to_miss_the_form_has_its_name(text: str, expected: set[str]) -> None:
    assert names(text) == expected


def test_a_cut_answer_never_passes() -> None:
    assert names(GOOD, "length") == {"cut_off"}
    assert names(GOOD, "error") == {"not_finished"}


def test_problems_quote_the_answer_but_never_at_length() -> None:
    (problem,) = check_contract(TASK, "word " * 500 + "\n\n" + GOOD, "stop").problems
    assert problem.span.startswith("word word")
    assert len(problem.span) <= 120


def test_the_renderer_makes_one_paragraph_a_part() -> None:
    text = render_parts(TASK, ["one two\nthree", "four  five six", "seven eight nine", "ten eleven twelve"])
    assert text.startswith("**Definition**\none two three\n\n**Explanation**\nfour five six\n\n")


@pytest.mark.parametrize(
    "bodies",
    [
        ["a b c", "d e f", "g h i"],
        ["a b c", "d e f", "g h i", ""],
        ["a b c", "d e f", "g h i", "too short"],
        ["a b c", "d e f", "g h i", "A B c"],
        ["a b c", "d e f", "g h i", "**just a heading**"],
    ],
)
def test_the_renderer_refuses_bodies_that_miss_the_form_without_quoting_them(bodies: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        render_parts(TASK, bodies)
    assert "g h i" not in str(caught.value)


def test_the_contract_digest_is_about_the_rules_only() -> None:
    assert contract_digest(TASK) == contract_digest(TASK.model_copy(update={"title": "another"}))
    assert contract_digest(TASK) != contract_digest(with_contract(TASK, min_words=5))
