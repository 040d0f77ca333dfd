"""The contracts on outputs that were written by hand: at least forty good and forty broken ones of each task."""

import pytest
from task_outputs import Output, documents, outputs

from medtune.audit.checks import Answer, garble, integrity, refusal
from medtune.runs.records.audit import Outcome
from medtune.tasks import REFUSAL, TASKS, check_contract

ALL = tuple(TASKS)


def wrong(output: Output) -> str:
    """What the contract says otherwise than the row; empty when both agree."""
    found = check_contract(output.task, output.answer, output.finish_reason, output.source)
    problems, unfaithful = {one.name for one in found.problems}, {one.name for one in found.unfaithful}
    if problems == output.problems and unfaithful == output.unfaithful:
        return ""
    return f"{output.place}: {sorted(problems)} {sorted(unfaithful)}: {[one.span for one in found.unfaithful]}"


@pytest.mark.parametrize("task", ALL)
def test_nothing_is_found_in_a_good_output(task: str) -> None:
    assert all(not output.problems and not output.unfaithful for output in outputs(task, "good"))
    assert [words for output in outputs(task, "good") if (words := wrong(output))] == []


@pytest.mark.parametrize("task", ALL)
def test_what_is_wrong_with_a_broken_output_is_named_and_nothing_else(task: str) -> None:
    assert all(output.problems or output.unfaithful for output in outputs(task, "broken"))
    assert [words for output in outputs(task, "broken") if (words := wrong(output))] == []


@pytest.mark.parametrize("task", ALL)
def test_there_are_many_and_no_two_are_the_same(task: str) -> None:
    for kind in ("good", "broken"):
        rows = outputs(task, kind)
        assert len(rows) >= 40
        assert len({(row.source, row.answer, row.finish_reason) for row in rows}) == len(rows)


def test_every_document_is_used_and_some_hold_orders() -> None:
    used = {output.source.split("\n\n## Summary")[0] for task in ALL for output in outputs(task, "good")}
    assert set(documents().values()) <= used
    assert sum("ignore the above" in text.casefold() for text in documents().values()) >= 2


@pytest.mark.parametrize("task", [task for task in ALL if task != "terminology"])
def test_no_other_check_of_form_takes_offence_at_a_good_output(task: str) -> None:
    """Quotations, tags and Chinese are no garble, no copy of the question and no refusal.

    What plain answers refuse is the refusal detector's own business; short ones it gets wrong now and then.
    """
    checks = (garble.check, integrity.check, *(() if task == "medical-qa" else (refusal.check,)))
    for output in outputs(task, "good"):
        answer = Answer(output.answer, "stop", output.source, 3, output.task)
        for check in checks:
            result = check(answer)
            assert result is not None and result.outcome is Outcome.PASS, (output.place, result)


def test_a_refusal_is_told_from_an_answer_whatever_the_disclaimer_says() -> None:
    seen = 0
    for output in outputs("medical-qa", "good"):
        found = check_contract(output.task, output.answer, "stop", output.source)
        if REFUSAL in found.parts:
            seen += 1
            assert refusal.check(Answer(output.answer, "stop", output.source, 3, output.task)).outcome is Outcome.FAIL
    assert seen >= 3
