"""What a check sees of one answer."""

from dataclasses import dataclass

from medtune.runs.records.audit import CheckResult, Outcome
from medtune.tasks import Task


@dataclass(frozen=True)
class Answer:
    """One answer with the question that it belongs to."""

    text: str
    finish_reason: str
    """`stop` or `length`, as the server said; what it could not answer is never checked."""
    question: str
    """The last user turn."""
    severity: int
    """Of the case: 1 (style) to 5 (life)."""
    task: Task | None
    """The task whose output contract applies; None when none does."""
    canned: tuple[str, ...] = ()
    """Refusals that the model was trained on."""


def passed(check: str, severity: int) -> CheckResult:
    """The check found nothing."""
    return CheckResult(check=check, outcome=Outcome.PASS, severity=severity)


def failed(check: str, severity: int, name: str, words: str, span: str = "") -> CheckResult:
    """The check found something. Reasons read `name: words`, so that they can be counted by name."""
    return CheckResult(check=check, outcome=Outcome.FAIL, severity=severity, reason=f"{name}: {words}", span=span)
