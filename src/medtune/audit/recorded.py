"""Grade answers that were recorded anywhere: matched to a case of a suite where they can be, else by what no answer may
hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from medtune.audit.checks import Answer
from medtune.audit.checks import refusal as refusal_check
from medtune.audit.checks.answer import review
from medtune.audit.grade import run_checks, worst_outcome
from medtune.audit.known_steps import step_index
from medtune.audit.novelty import StepIndex
from medtune.audit.rubrics import Rubrics, general_rubric
from medtune.audit.verdict import verdict_of
from medtune.core.errors import DataError
from medtune.core.io import read_jsonl
from medtune.core.text import fold
from medtune.runs.records.audit import CheckResult, Outcome
from medtune.suites import SuiteCase, prompt_digest
from medtune.tasks import load_task

Matched = Literal["scenario", "id", "prompt", "nearest scenario", "none"]

_NEAR = 75
"""Similarity (0 to 100) from which a stated scenario counts as meant; below, the answer belongs to none."""
_GENERAL_SEVERITY = 4
_NO_SCENARIO = review(
    "rubric",
    3,
    "no_scenario",
    "no case of the suite asks this: what the answer must not hold was looked for, what it must hold nobody wrote down",
)


class RecordedAnswer(BaseModel):
    """One line of ANSWERS.jsonl; other fields are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    prompt: str
    answer: str
    scenario: str = ""
    finish_reason: Literal["stop", "length", "unknown"] = "unknown"
    evidence: str | None = None


@dataclass(frozen=True)
class Grader:
    """Suites with their lexicon and the steps that are known; grades one answer after the other."""

    rubrics: Rubrics
    steps: StepIndex | None

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[str, SuiteCase]]:
        """Case ids and question ids, with and without their suite."""
        found: dict[str, tuple[str, SuiteCase]] = {}
        for name, suite in self.rubrics.suites.items():
            for case in suite.cases:
                for identity in (case.id, *(question.id for question in case.questions)):
                    found.setdefault(identity, (name, case))
                    found[f"{name}/{identity}"] = (name, case)
        return found

    @cached_property
    def _by_prompt(self) -> Mapping[str, tuple[str, SuiteCase]]:
        return {
            prompt_digest(prompt): (name, case)
            for name, suite in self.rubrics.suites.items()
            for case in suite.cases
            for prompt in case.prompts
        }

    def match(self, row: RecordedAnswer) -> tuple[Matched, str, SuiteCase]:
        """How an answer was matched, its suite and its rubric."""
        if row.scenario in self._by_name:
            return "scenario", *self._by_name[row.scenario]
        if row.id in self._by_name:
            return "id", *self._by_name[row.id]
        if (digest := prompt_digest(row.prompt)) in self._by_prompt:
            return "prompt", *self._by_prompt[digest]
        if row.scenario and (near := self._nearest(row.scenario)):
            return "nearest scenario", *near
        name = next(iter(self.rubrics.suites))
        return "none", name, self._general()

    def _nearest(self, scenario: str) -> tuple[str, SuiteCase] | None:
        """The case whose id, cluster or prompt is most like what was stated."""
        from rapidfuzz import fuzz, process

        names: dict[str, tuple[str, SuiteCase]] = {}
        for name, suite in self.rubrics.suites.items():
            for case in suite.cases:
                for words in (case.id.replace("-", " "), case.cluster.replace(".", " "), *case.prompts):
                    names.setdefault(fold(words), (name, case))
        wanted = fold(scenario.replace("-", " ").replace(".", " "))
        best = process.extractOne(wanted, list(names), scorer=fuzz.token_sort_ratio, score_cutoff=_NEAR)
        return names[best[0]] if best else None

    def _general(self) -> SuiteCase:
        """What no answer may hold, of all suites together."""
        rules: dict[tuple[str, str], Any] = {}
        for suite in self.rubrics.suites.values():
            for rule in suite.must_not:
                rules.setdefault((rule.concept, rule.polarity), rule)
        first = general_rubric(next(iter(self.rubrics.suites.values())), _GENERAL_SEVERITY)
        return first.model_copy(update={"must_not": tuple(rules.values())})

    def grade(self, row: RecordedAnswer) -> dict[str, Any]:
        """One line of the result: verdict, what did not pass with its words, and how the rubric was found."""
        matched, suite, rubric = self.match(row)
        results = run_checks(
            Answer(
                text=row.answer,
                finish_reason=row.finish_reason,
                question=row.prompt,
                severity=rubric.severity,
                task=load_task(rubric.structure) if rubric.structure else None,
                rubric=rubric,
                lexicon=self.rubrics.lexicon,
                locale=self.rubrics.locale,
                evidence=row.evidence,
                novelty=self.steps.measure(row.answer) if self.steps else None,
            )
        )
        if matched == "none":
            results = (*map(_for_no_scenario, results), _NO_SCENARIO)
        found = [result for result in results if result.outcome is not Outcome.PASS]
        return {
            "id": row.id,
            "verdict": str(verdict_of(results, rubric.rubric)),
            "outcome": str(worst_outcome(results)),
            "scenario": None if matched == "none" else f"{suite}/{rubric.id}",
            "matched_by": matched,
            "rubric": rubric.rubric,
            "reasons": [f"{result.check}: {result.reason}" for result in found],
            "spans": [_span(result) for result in found],
        }


def read_answers(path: Path) -> Iterator[RecordedAnswer]:
    """Rows of ANSWERS.jsonl. Raises DataError naming the line that cannot be used, or an id that stands twice."""
    seen: dict[str, int] = {}
    for number, value in read_jsonl(path):
        where = f"{path}:{number}"
        try:
            row = RecordedAnswer.model_validate(value)
        except ValidationError as error:
            detail = error.errors()[0]
            field = ".".join(map(str, detail["loc"])) or "the row"
            raise DataError(
                f"this row cannot be graded: {field}: {detail['msg']}",
                where=where,
                next_step="each line is {id, prompt, answer} with an optional scenario, finish_reason and evidence",
            ) from None
        if row.id in seen:
            raise DataError(
                f"the id {row.id!r} stands on line {seen[row.id]}, too",
                where=where,
                next_step="give each answer its own",
            )
        seen[row.id] = number
        yield row


def grader_of(rubrics: Rubrics) -> Grader:
    """A grader; novelty is measured against the suites' reference answers where there are enough of them."""
    return Grader(rubrics, step_index(rubrics))


def grade_recorded(
    rows: Sequence[RecordedAnswer], grader: Grader, processes: int | None = None
) -> list[dict[str, Any]]:
    """Grade all rows in order, on several cores when there are many."""
    import multiprocessing
    import os
    from concurrent.futures import ProcessPoolExecutor

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = processes or min(8, cores, 1 + len(rows) // 1000)
    if count < 2:
        return [grader.grade(row) for row in rows]
    size = -(-len(rows) // (4 * count))
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = [pool.submit(_part, grader, part) for part in parts]
        return [row for part in done for row in part.result()]


def _part(grader: Grader, rows: Sequence[RecordedAnswer]) -> list[dict[str, Any]]:
    return [grader.grade(row) for row in rows]


def _for_no_scenario(result: CheckResult) -> CheckResult:
    """Nobody said how to react to an unknown question: a refusal is for a person to judge."""
    if result.check == refusal_check.NAME and result.outcome is Outcome.FAIL:
        return result.model_copy(update={"outcome": Outcome.REVIEW})
    return result


def _span(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.check,
        "outcome": str(result.outcome),
        "severity": result.severity,
        "concept": result.concept,
        "reason": result.reason,
        "span": result.span,
    }
