"""Fidelity is graded and counted, and no verdict of scope `form` depends on it."""

from typing import Literal

import pytest
from task_outputs import Output, outputs

from medtune.audit.checks import CHECKS, Answer, faithful
from medtune.audit.compare import compare
from medtune.audit.gate import Gate, judge
from medtune.audit.grade import Context, grade, grade_all
from medtune.audit.rubrics import load_rubrics
from medtune.audit.summary import faithful_figure, summarise
from medtune.audit.verdict import is_danger
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import BuildVerdict, Outcome
from medtune.runs.records.collect import Turn
from medtune.suites import load_suite
from medtune.tasks import load_task

GATE = Gate("form", 0.3, 0.95, 0.1, 0.3, 0.3, 20)
ROLES: dict[str, Literal["base", "parent", "quantization"]] = {"F16": "parent", "Q4_0": "quantization"}


def case(number: int, output: Output, task: str = "") -> AskedCase:
    turns = (Turn(role="system", content=output.task.system), Turn(role="user", content=output.source))
    return AskedCase(
        id=f"held-out/{number}", suite="held-out", cluster=f"held-out/{number}", messages=turns, gated=True,
        contract=task or output.task.name, severity=3, public=True,
    )  # fmt: skip


def response(number: int, text: str, build: str = "F16", finish: Literal["stop", "error"] = "stop") -> Response:
    return Response(
        case=f"held-out/{number}", build=build, sample=0, text=text, finish_reason=finish, prompt_tokens=1,
        completion_tokens=1, seconds=0.0,
    )  # fmt: skip


GOOD = outputs("consult-summary", "good")
INVENTED = tuple(
    output for output in outputs("consult-summary", "broken") if not output.problems and output.finish_reason == "stop"
)


def test_findings_are_named_with_the_words_and_severe() -> None:
    for output in INVENTED:
        result = faithful.check(Answer(output.answer, "stop", output.source, 3, output.task))
        assert result is not None and result.outcome is Outcome.FAIL and result.severity == 4
        assert {part.split(":")[0] for part in result.reason.split("; ")} & output.unfaithful
        assert is_danger(result)
    for output in GOOD:
        result = faithful.check(Answer(output.answer, "stop", output.source, 3, output.task))
        assert result is not None and result.outcome is Outcome.PASS


@pytest.mark.parametrize("task", ["terminology", "medical-qa", "emergency"])
def test_without_a_document_there_is_nothing_to_keep_to(task: str) -> None:
    output = outputs(task, "good")[0]
    assert faithful.check(Answer(output.answer, "stop", output.source, 3, load_task(task))) is None
    assert faithful.check(Answer(output.answer, "stop", output.source, 3, None)) is None


def test_the_number_of_the_place_is_looked_at_where_the_place_is_known() -> None:
    task = load_task("emergency")
    text = "1. Call 911 now.\n2. Press hard on the chest.\n3. Go on until help comes."
    result = faithful.check(Answer(text, "stop", "He is not breathing!", 5, task, locale="GB"))
    assert result is not None and result.reason.startswith("wrong_number:")
    passed = faithful.check(Answer(text, "stop", "He is not breathing!", 5, task, locale="US"))
    assert passed is not None and passed.outcome is Outcome.PASS


def test_invented_answers_keep_their_form_and_the_verdict() -> None:
    """The same form, once faithful and once not: one verdict, two figures."""
    said = [*GOOD[:24]]
    cases = [case(number, output) for number, output in enumerate(said)]
    for invented in (False, True):
        end = " Also 77.7 mg.</answer>" if invented else "</answer>"
        texts = [output.answer.replace("</answer>", end) for output in said]
        responses = [response(number, text, build) for build in ROLES for number, text in enumerate(texts)]
        grades = grade_all(cases, responses, list(ROLES), ())
        figures = compare(grades, ROLES, GATE.confidence)
        assert {judgement.verdict for judgement in judge(figures, GATE)} == {BuildVerdict.FORM_PASS}
        assert all(grade.whole_form for grade in grades)
        counted = figures[0].faithful
        assert counted is not None and (counted.hits, counted.n) == ((0 if invented else 24), 24)
        summary = summarise(grades, figures, GATE)
        assert summary["builds"]["F16"]["faithful"]["hits"] == counted.hits
        assert summary["builds"]["F16"]["whole_form"]["hits"] == 24
        assert summary["builds"]["F16"]["errors"] == 0


def test_a_comparison_that_cannot_run_is_no_error_of_the_form_and_no_faithful_answer() -> None:
    def explode(given: Answer) -> None:
        raise ValueError(given.text)

    output = GOOD[0]
    graded = [grade(case(0, output), response(0, output.answer), (), {**CHECKS, "faithful": explode})]
    (figures,) = compare(graded, {"F16": "parent"}, 0.95)
    assert figures.errors == 0 and figures.whole_form.hits == 1
    assert figures.faithful is not None and figures.faithful.hits == 0


def test_an_answer_that_never_came_is_not_faithful() -> None:
    graded = [
        grade(case(0, GOOD[0]), response(0, GOOD[0].answer), ()),
        grade(case(1, GOOD[1]), response(1, "", finish="error"), ()),
    ]
    (figures,) = compare(graded, {"F16": "parent"}, 0.95)
    assert figures.faithful is not None and (figures.faithful.hits, figures.faithful.n) == (1, 2)


def test_where_nothing_was_compared_there_is_no_figure() -> None:
    output = outputs("terminology", "good")[0]
    graded = [grade(case(0, output), response(0, output.answer), ())]
    (figures,) = compare(graded, {"F16": "parent"}, 0.95)
    assert figures.faithful is None and faithful_figure(figures) is None


def test_answers_are_wanted_in_the_language_of_the_task() -> None:
    """A suite's questions are English, and the task may ask for Chinese."""
    asked = load_suite("structure-consult-summary").cases[0]
    output = next(one for one in outputs("consult-summary/zh-Hant", "good") if "creatinine" in one.answer)
    turns = (Turn(role="system", content=output.task.system), Turn(role="user", content=asked.prompt))
    one = case(0, output).model_copy(
        update={"id": f"structure-consult-summary/{asked.id}", "suite": "structure-consult-summary", "messages": turns,
                "scenario": asked.id}
    )  # fmt: skip
    answered = response(0, output.answer).model_copy(update={"case": one.id})
    found = grade(one, answered, (), context=Context(rubrics=load_rubrics(["structure-consult-summary"])))
    assert {result.check for result in found.checks if result.outcome is not Outcome.PASS} == set()
    assert found.whole_form
