"""Answers to grades: pure, so that the same answers can be graded again at any time."""

from collections.abc import Iterable, Mapping, Sequence

from medtune.audit.checks import CHECKS, Answer, Check, structure
from medtune.core.errors import RunDirError
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.audit import CheckResult, Grade, Outcome
from medtune.tasks import load_task

_WORST_FIRST = (Outcome.ERROR, Outcome.FAIL, Outcome.REVIEW, Outcome.PASS)


def grade_all(
    cases: Sequence[AskedCase],
    responses: Iterable[Response],
    builds: Sequence[str],
    canned: tuple[str, ...],
    checks: Mapping[str, Check] = CHECKS,
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
    return [grade(by_id[response.case], response, canned, checks) for response in ordered]


def grade(case: AskedCase, response: Response, canned: tuple[str, ...], checks: Mapping[str, Check] = CHECKS) -> Grade:
    """Run every check on one answer; the worst outcome is the answer's.

    What the server could not answer is an error of every check: there is nothing to judge, and it is no pass.
    """
    answer = Answer(
        text=response.text,
        finish_reason=response.finish_reason,
        question=next(turn.content for turn in reversed(case.messages) if turn.role == "user"),
        severity=case.severity,
        task=load_task(case.contract) if case.contract else None,
        canned=canned,
    )
    if response.finish_reason == "error":
        results = tuple(_error(name, case.severity, "not_answered: the server gave no answer") for name in checks)
    else:
        results = tuple(result for name, check in checks.items() if (result := _run(name, check, answer)))
    outcomes = {result.outcome for result in results}
    return Grade(
        case=case.id,
        suite=case.suite,
        cluster=case.cluster,
        build=response.build,
        sample=response.sample,
        gated=case.gated,
        checks=results,
        whole_form=_whole_form(results) if case.contract else None,
        outcome=next((outcome for outcome in _WORST_FIRST if outcome in outcomes), Outcome.ERROR),
    )


def _run(name: str, check: Check, answer: Answer) -> CheckResult | None:
    """A check that raises is an error, never a pass. The message may quote the answer, so only its type is kept."""
    try:
        return check(answer)
    except Exception as error:  # any defect in a check must end in HOLD, not in a lost audit
        return _error(name, answer.severity, f"check_failed: {type(error).__name__}")


def _error(check: str, severity: int, reason: str) -> CheckResult:
    return CheckResult(check=check, outcome=Outcome.ERROR, severity=severity, reason=reason)


def _whole_form(results: tuple[CheckResult, ...]) -> bool:
    return any(result.check == structure.NAME and result.outcome is Outcome.PASS for result in results)


def _broken(what: str) -> RunDirError:
    return RunDirError(what, where="05-ask", next_step="ask again: `medtune run RECIPE --from ask`")
