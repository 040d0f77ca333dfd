"""First aid in steps: every row has the task's form, names the number of its country and is there once."""

from collections import Counter

import pytest
from desk import read_source

from medtune.collect.first_aid import generate, load_situations
from medtune.collect.source import SourceInput
from medtune.collect.sources import first_aid
from medtune.config.collect_clinical import FirstAidSource
from medtune.detect.phi import find_phi
from medtune.tasks import check_contract, load_task

CASES = 1500


@pytest.fixture(scope="module")
def rows() -> list:
    return list(generate(CASES, 7, "US"))


def test_every_row_has_the_form_of_the_task(rows: list) -> None:
    task = load_task("emergency")
    for row in rows:
        result = check_contract(task, row.answer, "stop", row.question)
        assert result.ok and result.faithful, (row.situation, result.problems, result.unfaithful)


def test_without_its_call_a_row_of_danger_has_not(rows: list) -> None:
    task = load_task("emergency")
    now = {name for name, one in load_situations().situations.items() if one.help == "now"}
    missed = Counter()
    for row in rows:
        steps = [step.partition(" ")[2] for step in row.answer.split("\n") if "911" not in step]
        answer = "\n".join(f"{place}. {step}" for place, step in enumerate(steps, 1))
        problems = {problem.name for problem in check_contract(task, answer, "stop", row.question).problems}
        missed[row.situation] += "no_call" in problems
    assert {name for name, count in missed.items() if count} <= now
    assert sum(count > 0 for count in missed.values()) > len(now) / 2


def test_rows_are_distinct_and_the_first_ones_stay(rows: list) -> None:
    assert len({row.question for row in rows}) == len({row.answer for row in rows}) == CASES
    assert list(generate(40, 7, "US")) == rows[:40]
    assert {row.situation for row in rows} == set(load_situations().situations)


def test_the_number_is_that_of_the_country() -> None:
    assert "999" in next(row.answer for row in generate(90, 3, "GB") if row.situation == "stroke")
    assert "the local emergency number" in next(row.answer for row in generate(90, 3) if row.situation == "stroke")


def test_nobody_is_in_them(rows: list) -> None:
    found = {span.kind for row in rows[:200] for span in find_phi(f"{row.question}\n{row.answer}")}
    assert not found & {"name", "phone", "place", "mrn", "id"}


def test_more_rows_than_there_are_is_said() -> None:
    given = SourceInput(path=None, name="steps")
    found = read_source(first_aid.collect, FirstAidSource(kind="first_aid", cases=10_000), given)
    assert 2000 < found.facts.kept < 10_000
    assert any("no more distinct answers" in text for text in found.warnings)
