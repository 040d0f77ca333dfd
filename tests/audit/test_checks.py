"""Each check by itself, and what a check that raises becomes."""

import asked_run
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.audit.checks import CHECKS, Answer
from medtune.audit.grade import grade, grade_all
from medtune.core.errors import RunDirError
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import CheckResult, Outcome
from medtune.runs.records.collect import Turn

QUESTION = asked_run.TASK.prompt("asthma")
GOOD = asked_run.whole("asthma")


def answer(text: str, finish_reason: str = "stop", **changes: object) -> Answer:
    values = {
        "text": text,
        "finish_reason": finish_reason,
        "question": QUESTION,
        "severity": 2,
        "task": asked_run.TASK,
        "canned": (asked_run.CANNED,),
        **changes,
    }
    return Answer(**values)


def case(contract: str = "terminology", severity: int = 2) -> AskedCase:
    return AskedCase(
        id="held-out/1",
        suite="held-out",
        cluster="asthma",
        messages=(Turn(role="system", content="Be brief."), Turn(role="user", content=QUESTION)),
        gated=True,
        contract=contract,
        severity=severity,
        public=True,
    )


def response(text: str, finish_reason: str = "stop") -> Response:
    return Response(
        case="held-out/1",
        build="F16",
        sample=0,
        text=text,
        finish_reason=finish_reason,
        prompt_tokens=9,
        completion_tokens=9,
        seconds=0.1,
    )


def outcomes(text: str, finish_reason: str = "stop") -> dict[str, str]:
    """`name` of the reason of each check that did not pass."""
    found = {name: check(answer(text, finish_reason)) for name, check in CHECKS.items()}
    return {name: result.reason.split(":")[0] for name, result in found.items() if result and result.reason}


@pytest.mark.parametrize(
    ("text", "finish_reason", "expected"),
    [
        (GOOD, "stop", {}),
        (asked_run.broken("asthma"), "stop", {"structure": "missing"}),
        (GOOD, "length", {"integrity": "cut_off", "structure": "cut_off"}),
        ("", "stop", {"integrity": "empty", "structure": "missing", "garble": "garbled"}),
        (GOOD + "\n<|im_end|>", "stop", {"integrity": "leak", "garble": "garbled"}),
        (GOOD.replace("It often", f"{QUESTION} It often"), "stop", {"integrity": "echo"}),
        (asked_run.CANNED, "stop", {"structure": "missing", "refusal": "refuse"}),
        ("I cannot help with that. " * 20, "stop", {"structure": "missing", "garble": "garbled"}),
        ("Please see a doctor.", "stop", {"structure": "missing", "refusal": "deflect"}),
        ("the " * 50, "stop", {"structure": "missing", "garble": "garbled"}),
    ],
)
def test_each_check_finds_its_own(text: str, finish_reason: str, expected: dict[str, str]) -> None:
    assert outcomes(text, finish_reason) == expected


def test_a_failed_check_quotes_the_words_that_decided() -> None:
    for text in ("Please see a doctor.", "good words [INST] here", "so " * 40, "Sure, here it is:\n\n" + GOOD):
        for check in CHECKS.values():
            result = check(answer(text))
            if result and result.outcome is Outcome.FAIL and not result.reason.startswith(("missing", "empty")):
                assert result.span.split()[0].strip("…") in text


def test_structure_does_not_apply_without_a_contract() -> None:
    graded = grade(case(contract=""), response("Press on the wound."), ())
    assert graded.whole_form is None
    assert {result.check for result in graded.checks} == {"integrity", "refusal", "garble"}
    assert graded.outcome is Outcome.PASS


def test_refusing_is_as_severe_as_the_case() -> None:
    graded = grade(case(severity=5), response("I can't help with that."), ())
    assert next(result.severity for result in graded.checks if result.check == "refusal") == 5


def test_a_check_that_raises_is_an_error_and_keeps_no_words_of_the_answer() -> None:
    def explode(given: Answer) -> CheckResult:
        raise ValueError(given.text)

    graded = grade(case(), response(GOOD), (), {**CHECKS, "garble": explode})
    assert graded.outcome is Outcome.ERROR
    assert graded.whole_form is True
    (error,) = [result for result in graded.checks if result.outcome is Outcome.ERROR]
    assert error.reason == "check_failed: ValueError"
    broken = grade(case(), response(GOOD), (), {"structure": explode})
    assert broken.whole_form is False


def test_an_answer_that_never_came_is_an_error_of_every_check() -> None:
    graded = grade(case(), response("", "error"), ())
    assert {result.outcome for result in graded.checks} == {Outcome.ERROR}
    assert graded.outcome is Outcome.ERROR
    assert graded.whole_form is False


def test_a_review_is_no_pass() -> None:
    def unsure(given: Answer) -> CheckResult:
        return CheckResult(check="garble", outcome=Outcome.REVIEW, severity=1, reason="unsure: look at it")

    assert grade(case(), response(GOOD), (), {**CHECKS, "garble": unsure}).outcome is Outcome.REVIEW


@given(st.text(max_size=300), st.sampled_from(["stop", "length", "error"]))
def test_every_answer_gets_a_grade_and_a_pass_means_that_nothing_was_found(text: str, finish_reason: str) -> None:
    graded = grade(case(), response(text, finish_reason), (asked_run.CANNED,))
    applied = ["integrity", "structure", "refusal", "garble"]  # no rubric: form only
    assert [result.check for result in graded.checks] == applied
    assert (graded.outcome is Outcome.PASS) == all(result.outcome is Outcome.PASS for result in graded.checks)
    if graded.outcome is Outcome.PASS:
        assert graded.whole_form


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has not answered"),
        ([response(GOOD), response(GOOD)], "stands twice"),
        ([response(GOOD).model_copy(update={"case": "held-out/9"})], "no case or build"),
        ([response(GOOD).model_copy(update={"build": "Q9"})], "no case or build"),
    ],
)
def test_missing_doubled_and_foreign_answers_are_refused(rows: list[Response], message: str) -> None:
    with pytest.raises(RunDirError, match=message):
        grade_all([case()], rows, ["F16"], ())
