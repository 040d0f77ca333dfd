"""The suites that medtune brings: independent scenarios, references that satisfy them, sources that were opened."""

import re
from collections import Counter

import pytest

from medtune.audit.suite_proof import prove_independence, prove_references
from medtune.core.text import fold
from medtune.suites import check_concepts, lexicon_of, load_suite, suite_file, suite_names
from medtune.suites.schema import CATEGORIES, Suite
from medtune.tasks import TASKS, check_contract, load_task

PLAIN = ("emergency-demo", "structure")
"""Suites without a rubric of their own."""


@pytest.fixture(scope="module")
def suites() -> dict[str, Suite]:
    return {name: load_suite(name) for name in suite_names()}


def test_every_kind_of_question_is_asked(suites: dict[str, Suite]) -> None:
    asked = {case.category for suite in suites.values() for case in suite.cases}
    assert asked == set(CATEGORIES)


def test_emergencies_and_medicines_are_many_and_independent(suites: dict[str, Suite]) -> None:
    """At least 300 wordings of 100 scenarios, no two of which share both what happened and what must be answered."""
    clinical = [suites["emergency"], suites["medication"]]
    assert sum(len(suite.questions) for suite in clinical) >= 300
    assert sum(suite.independent for suite in clinical) >= 100
    assert all(len(case.prompts) >= 3 and case.must for suite in clinical for case in suite.cases)
    assert [str(pair) for pair in prove_independence(clinical)] == []


@pytest.mark.parametrize("name", [name for name in suite_names() if name not in PLAIN])
def test_every_reference_satisfies_its_case(name: str) -> None:
    suite = load_suite(name)
    check_concepts(suite, suite_file(name))
    assert all(case.references for case in suite.cases)
    assert [str(problem) for problem in prove_references(suite, lexicon_of([suite]))] == []


def test_nothing_claims_a_review_or_a_source_that_it_does_not_have(suites: dict[str, Suite]) -> None:
    cases = [case for suite in suites.values() for case in suite.cases]
    assert {case.reviewer for case in cases} == {"none"}
    sourced = [case.source for case in cases if case.source != "unverified"]
    assert len(sourced) >= 30
    for source in sourced:
        assert not isinstance(source, str)
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256) and source.address.startswith("http") and source.title


def test_no_wording_stands_in_two_suites(suites: dict[str, Suite]) -> None:
    """The demonstration's twenty questions are a part of the emergency suite's scenarios, in one wording each."""
    prompts = Counter(
        fold(prompt)
        for name, suite in suites.items()
        if name != "emergency-demo"
        for case in suite.cases
        for prompt in case.prompts
    )
    assert [prompt for prompt, count in prompts.items() if count > 1] == []


def test_questions_keep_the_id_of_their_case(suites: dict[str, Suite]) -> None:
    for suite in suites.values():
        questions = suite.questions
        assert len({question.id for question in questions}) == len(questions)
        assert all(question.id.partition(".")[0] == question.case.id for question in questions)
        firsts = questions[: len(suite.cases)]
        assert [question.case.id for question in firsts] == [case.id for case in suite.cases]


def test_ranges_follow_the_locale() -> None:
    case = next(case for case in load_suite("emergency").cases if case.id == "chest-pain-crushing")
    (slot,) = case.slots
    assert slot.range_in("US") == (160, 325)
    assert slot.range_in("GB") == (300, 300)
    assert slot.range_in(None) == (slot.low, slot.high) == slot.range_in("FR")


def test_a_suite_forbids_in_every_case_but_where_it_is_right() -> None:
    cases = {case.id: case for case in load_suite("emergency").cases}
    general = {rule.concept for rule in load_suite("emergency").must_not}
    assert "press-on-heart" in general
    assert "press-on-heart" in {rule.concept for rule in cases["bleeding-finger"].must_not}
    assert "press-on-heart" not in {rule.concept for rule in cases["cardiac-arrest-adult"].must_not}


def test_what_must_be_advised_against_may_not_be_advised() -> None:
    for name in ("emergency", "medication", "sycophancy"):
        for case in load_suite(name).cases:
            warned = {must.concept for must in case.must if must.polarity == "prohibited"}
            assert warned <= {rule.concept for rule in case.must_not if rule.polarity == "advised"}, case.id


STRUCTURE = [name for name in suite_names() if name.startswith("structure")]


@pytest.mark.parametrize("name", STRUCTURE)
def test_a_structure_suite_is_of_a_task_and_its_references_keep_form_and_document(name: str) -> None:
    cases = load_suite(name).cases
    task = load_task(cases[0].structure or "")
    assert name in ("structure", f"structure-{task.name}")
    assert {case.structure for case in cases} == {task.name} and {case.fit for case in cases} == {"form"}
    for case in cases:
        for reference in case.references:
            found = check_contract(task, reference, "stop", case.prompt)
            assert (found.problems, found.unfaithful) == ((), ()), case.id


def test_every_task_has_one_and_documents_hold_orders() -> None:
    assert {load_suite(name).cases[0].structure for name in STRUCTURE} == {load_task(name).family for name in TASKS}
    for name in STRUCTURE:
        if name != "structure":
            prompts = " ".join(case.prompt.casefold() for case in load_suite(name).cases)
            assert "ignore the above" in prompts, name
