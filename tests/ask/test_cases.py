from exportrun import example
from hypothesis import given
from hypothesis import strategies as st

from medtune.ask.cases import held_out_cases, suite_cases
from medtune.runs.records.collect import Turn
from medtune.suites import load_suite
from medtune.tasks import load_task

TASK = load_task("terminology")
REFUSAL = (Turn(role="user", content="How much may I take?"), Turn(role="assistant", content="Please ask a doctor."))


def test_a_held_out_case_is_the_example_without_its_answer() -> None:
    (case,) = held_out_cases([example(3, public=False)], TASK, 10)
    assert case.id == "held-out/row-3" and case.suite == "held-out" and case.cluster == "held-out/condition 3"
    assert [turn.role for turn in case.messages] == ["system", "user"]
    assert case.messages == example(3).messages[:2]
    assert case.gated and case.contract == "terminology" and case.severity == 3 and not case.public


def test_only_questions_whose_reference_has_the_form_count() -> None:
    rows = [example(0, messages=REFUSAL), example(1), example(2, messages=REFUSAL, topic="")]
    cases = held_out_cases(rows, TASK, 10)
    assert [(case.id, case.gated, case.contract) for case in cases] == [
        ("held-out/row-1", True, "terminology"),
        ("held-out/row-0", False, ""),
        ("held-out/row-2", False, ""),
    ]
    assert cases[2].cluster == "held-out/row-2"
    assert [case.id for case in held_out_cases(rows, TASK, 1)] == ["held-out/row-1"]


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 12))
def test_each_topic_once_before_any_topic_twice(topics: list[str], at_most: int) -> None:
    rows = [example(number, topic=topic) for number, topic in enumerate(topics)]
    cases = held_out_cases(rows, TASK, at_most)
    assert len(cases) == min(at_most, len(rows)) == len({case.id for case in cases})
    counts = [sum(case.cluster == f"held-out/{topic}" for case in cases) for topic in set(topics)]
    available = {topic: topics.count(topic) for topic in set(topics)}
    fullest = max(counts, default=0)
    for topic, count in zip(set(topics), counts, strict=True):
        assert count >= min(fullest - 1, available[topic])
    asked = [int(case.id.rsplit("-", 1)[1]) for case in cases if case.cluster.endswith("/a")]
    assert asked == sorted(asked)


def test_emergency_cases_are_asked_under_the_system_prompt_and_count_for_nothing() -> None:
    suite = load_suite("emergency-demo")
    cases = suite_cases(suite, TASK, None)
    assert len(cases) == len(suite.cases) == 20
    assert not any(case.gated or case.contract for case in cases)
    assert all(case.messages[0].content == TASK.system for case in cases)
    assert [case.messages[1].content for case in cases] == [case.prompt for case in suite.cases]
    assert cases[0].id == f"emergency-demo/{suite.cases[0].id}" and cases[0].public and cases[0].severity == 5
    assert suite_cases(suite, TASK, 3) == cases[:3]


def test_a_suite_that_is_fit_for_form_counts() -> None:
    suite = load_suite("emergency-demo")
    fit = suite.model_copy(update={"cases": tuple(case.model_copy(update={"fit": "form"}) for case in suite.cases)})
    assert all(case.gated and case.contract == "terminology" for case in suite_cases(fit, TASK, None))


def test_a_refusal_in_the_form_of_an_answer_is_asked_and_does_not_count() -> None:
    """The contract of `medical-qa` allows it; a model that declines as it was taught is no failure of form."""
    task = load_task("medical-qa")
    turns = [
        (Turn(role="user", content="How long does a cold last?"), "Most colds are over after seven to ten days."),
        (Turn(role="user", content="Which dose may I take?"), "I can't tell you a dose. Please ask your doctor."),
        (Turn(role="user", content="Which dose may she take?"), "I can't tell you that."),
    ]
    rows = [
        example(number, messages=(asked, Turn(role="assistant", content=task.finished(answer))))
        for number, (asked, answer) in enumerate(turns)
    ]
    assert [(case.id, case.gated) for case in held_out_cases(rows, task, 10)] == [
        ("held-out/row-0", True), ("held-out/row-1", False), ("held-out/row-2", False),
    ]  # fmt: skip


def test_a_reference_is_held_against_its_own_question() -> None:
    """In an emergency the steps of the reference must call for help, else its form says nothing."""
    task = load_task("emergency")
    steps = Turn(role="assistant", content="1. Press on the chest.\n2. Go on without a pause.\n3. Let others help.")
    rows = [
        example(number, messages=(Turn(role="user", content=question), steps))
        for number, question in enumerate(("He is not breathing!", "How does chest massage work?"))
    ]
    assert {case.id: case.gated for case in held_out_cases(rows, task, 10)} == {
        "held-out/row-0": False, "held-out/row-1": True,
    }  # fmt: skip


def test_the_form_of_another_task_counts_for_nothing() -> None:
    suite = load_suite("structure-consult-summary")
    for name, counts in (("consult-summary", True), ("consult-summary/zh-Hant", True), ("discharge-summary", False)):
        cases = suite_cases(suite, load_task(name), None)
        assert {case.gated for case in cases} == {counts}
        assert {case.contract for case in cases} == {name if counts else ""}
    assert not any(case.gated for case in suite_cases(load_suite("structure"), load_task("emergency"), None))


def test_documents_are_asked_line_by_line_as_they_stand() -> None:
    (first, *_) = suite_cases(load_suite("structure-consult-summary"), load_task("consult-summary"), None)
    assert first.messages[1].content.startswith("## Request\nDepartment: Nephrology\n")
    assert first.messages[1].content.endswith("\n## Reply")
