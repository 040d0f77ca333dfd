"""Answers to grades: pure, so that the same answers can be graded again at any time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from medtune.audit.checks import CHECKS, FORM_CHECKS, Answer, Check, Surprise, structure
from medtune.audit.novelty import StepIndex
from medtune.audit.rubrics import HELD_OUT, Rubrics
from medtune.audit.verdict import verdict_of
from medtune.core.errors import RunDirError
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import CaseVerdict, CheckResult, Grade, Outcome
from medtune.suites import SuiteCase
from medtune.tasks import Task, load_task

_WORST_FIRST = (Outcome.ERROR, Outcome.FAIL, Outcome.REVIEW, Outcome.PASS)


_NEEDS_PROCESSES = 1500
"""So many answers with a rubric are worth a second process."""


@dataclass(frozen=True)
class Context:
    """What is known beside the answers; plain data, so that it can be sent to other processes."""

    rubrics: Rubrics | None = None
    surprises: Mapping[tuple[str, str, int], Surprise] = field(default_factory=dict)
    """By build, case and sample: how improbable an answer is to the F16 parent."""
    steps: StepIndex | None = None
    """Known steps; None: novelty is not looked at."""


NOTHING = Context()


def grade_all(
    cases: Sequence[AskedCase],
    responses: Iterable[Response],
    builds: Sequence[str],
    canned: tuple[str, ...],
    checks: Mapping[str, Check] = CHECKS,
    *,
    context: Context = NOTHING,
) -> list[Grade]:
    """Grade every answer, in the order of builds and cases.

    Raises RunDirError when a build lacks a greedy answer, has two, or answers a case that was never asked.
    """
    by_id = {case.id: case for case in cases}
    answers: dict[tuple[str, str, int], Response] = {}
    for response in responses:
        key = (response.build, response.case, response.sample)
        if key in answers or response.case not in by_id or response.build not in builds:
            what = "stands twice" if key in answers else "belongs to no case or build of this run"
            raise _broken(f"the answer of {response.build} to {response.case} {what}")
        answers[key] = response
    for build in builds:
        for case in cases:
            if (build, case.id, 0) not in answers:
                raise _broken(f"{build} has not answered {case.id}")
    place = {name: number for number, name in enumerate([*builds, *by_id])}
    ordered = sorted(answers.values(), key=lambda answer: (place[answer.build], place[answer.case], answer.sample))
    work = [(by_id[response.case], response) for response in ordered]
    if checks is CHECKS and sum(case.suite != HELD_OUT for case, _ in work) >= _NEEDS_PROCESSES:
        return grade_in_processes(work, canned, context)
    return [grade(case, response, canned, checks, context=context) for case, response in work]


def grade_in_processes(
    work: Sequence[tuple[AskedCase, Response]], canned: tuple[str, ...], context: Context, processes: int | None = None
) -> list[Grade]:
    """`grade` of each answer, in order, on several cores (at most 8)."""
    import multiprocessing
    import os
    from concurrent.futures import ProcessPoolExecutor

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = processes or min(8, cores)
    if count < 2:
        return [grade(case, response, canned, CHECKS, context=context) for case, response in work]
    size = -(-len(work) // (4 * count))
    parts = [work[start : start + size] for start in range(0, len(work), size)]
    spawn = multiprocessing.get_context("spawn")  # forking a process that has threads can hang
    with ProcessPoolExecutor(count, mp_context=spawn) as pool:
        done = [pool.submit(_grade_part, part, canned, context) for part in parts]
        return [graded for part in done for graded in part.result()]


def _grade_part(part: Sequence[tuple[AskedCase, Response]], canned: tuple[str, ...], context: Context) -> list[Grade]:
    return [grade(case, response, canned, CHECKS, context=context) for case, response in part]


def grade(
    case: AskedCase,
    response: Response,
    canned: tuple[str, ...],
    checks: Mapping[str, Check] = CHECKS,
    *,
    context: Context = NOTHING,
) -> Grade:
    """Run every check on one answer; the worst outcome is the answer's.

    What the server could not answer is an error of every check: there is nothing to judge, and it is no pass.
    """
    rubric = context.rubrics.of(case) if context.rubrics else None
    results: tuple[CheckResult, ...]
    if response.finish_reason == "error":
        wanted = [name for name in checks if rubric is not None or name in FORM_CHECKS]
        results = tuple(_error(name, case.severity, "not_answered: the server gave no answer") for name in wanted)
    elif case.clinical and rubric is None:
        results = (_error("rubric", case.severity, "no_rubric: its suite does not hold this case any more"),)
    else:
        results = run_checks(_answer(case, response, canned, rubric, context), checks)
    return Grade(
        case=case.id,
        suite=case.suite,
        cluster=case.cluster,
        build=response.build,
        sample=response.sample,
        gated=case.gated,
        checks=results,
        whole_form=_whole_form(results) if case.contract else None,
        outcome=worst_outcome(results),
        verdict=_verdict(results, rubric, case),
        rubric=rubric.rubric if rubric else None,
        category=rubric.category if rubric else None,
        severity=case.severity if rubric else None,
        critical=rubric.critical if rubric else None,
        clinical=case.clinical or None,
    )


def _answer(
    case: AskedCase, response: Response, canned: tuple[str, ...], rubric: SuiteCase | None, context: Context
) -> Answer:
    contract = _contract(case, rubric)
    task = load_task(contract) if contract else None
    return Answer(
        text=response.text,
        finish_reason=response.finish_reason,
        question=next(turn.content for turn in reversed(case.messages) if turn.role == "user"),
        severity=case.severity,
        task=task,
        canned=canned,
        rubric=rubric,
        lexicon=context.rubrics.lexicon if context.rubrics else None,
        locale=context.rubrics.locale if context.rubrics else None,
        language=_language(case, task, context),
        surprise=context.surprises.get((response.build, response.case, response.sample)),
        novelty=context.steps.measure(response.text) if context.steps and rubric else None,
    )


def _language(case: AskedCase, task: Task | None, context: Context) -> str:
    """Of the answer that is wanted: a task may ask for another language than the suite's questions have."""
    if task is not None and case.contract:
        return task.language
    return context.rubrics.language(case.suite) if context.rubrics else ""


def _contract(case: AskedCase, rubric: SuiteCase | None) -> str:
    return case.contract or (rubric.structure if rubric and rubric.structure else "")


def run_checks(answer: Answer, checks: Mapping[str, Check] = CHECKS) -> tuple[CheckResult, ...]:
    """Every result of every check that applies, in the order of the table."""
    return tuple(result for name, check in checks.items() for result in _run(name, check, answer))


def worst_outcome(results: Sequence[CheckResult]) -> Outcome:
    """Error before fail before review before pass; without a result: error."""
    outcomes = {result.outcome for result in results}
    return next((outcome for outcome in _WORST_FIRST if outcome in outcomes), Outcome.ERROR)


def _verdict(results: Sequence[CheckResult], rubric: SuiteCase | None, case: AskedCase) -> CaseVerdict | None:
    if rubric is None:
        return CaseVerdict.REVIEW if case.clinical else None
    return verdict_of(results, rubric.rubric)


def _run(name: str, check: Check, answer: Answer) -> Sequence[CheckResult]:
    """A check that raises is an error, never a pass. The message may quote the answer, so only its type is kept."""
    try:
        found = check(answer)
    except Exception as error:  # any defect in a check must end in HOLD, not in a lost audit
        return (_error(name, answer.severity, f"check_failed: {type(error).__name__}"),)
    if found is None:
        return ()
    return (found,) if isinstance(found, CheckResult) else found


def _error(check: str, severity: int, reason: str) -> CheckResult:
    return CheckResult(check=check, outcome=Outcome.ERROR, severity=severity, reason=reason)


def _whole_form(results: tuple[CheckResult, ...]) -> bool:
    return any(result.check == structure.NAME and result.outcome is Outcome.PASS for result in results)


def _broken(what: str) -> RunDirError:
    return RunDirError(what, where="05-ask", next_step="ask again: `medtune run RECIPE --from ask`")
