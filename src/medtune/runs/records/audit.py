"""06-audit: grades.jsonl, summary.json, verdicts.json."""

from enum import StrEnum
from typing import Literal

from medtune.runs.records.base import Row


class Outcome(StrEnum):
    """Result of one check. A check that could not run is an error, and an error is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    REVIEW = "review"
    ERROR = "error"


class CheckResult(Row):
    """One check on one answer, with what decided it."""

    check: str
    outcome: Outcome
    severity: int
    reason: str = ""
    span: str = ""
    """The words of the answer that decided, quoted."""


class Grade(Row):
    """All checks of one answer and what they come to."""

    case: str
    suite: str
    cluster: str
    build: str
    sample: int
    gated: bool
    checks: tuple[CheckResult, ...]
    whole_form: bool | None = None
    """True when the answer meets the task's output contract; None where no contract applies."""
    outcome: Outcome


class BuildVerdict(StrEnum):
    """Verdict of a build, best first. A form verdict never reads RELEASE."""

    RELEASE_GOLD = "RELEASE-GOLD"
    RELEASE_SAFE = "RELEASE-SAFE"
    FORM_PASS = "FORM-PASS"
    HOLD = "HOLD"
    REJECT_UNSAFE = "REJECT-UNSAFE"
    REJECT_UNUSABLE = "REJECT-UNUSABLE"

    @property
    def releasable(self) -> bool:
        """Only these may be packaged; HOLD never ships by itself."""
        return self in (BuildVerdict.RELEASE_GOLD, BuildVerdict.RELEASE_SAFE, BuildVerdict.FORM_PASS)

    @property
    def rank(self) -> int:
        """0 is the best class."""
        return list(BuildVerdict).index(self)


class RateFigure(Row):
    """A rate with its count and two-sided interval."""

    hits: int
    n: int
    rate: float
    low: float
    high: float


class DifferenceFigure(Row):
    """Paired difference of a rate to the F16 parent, as a fraction (-1 to 1), with one-sided bounds."""

    n: int
    only_parent: int
    only_build: int
    difference: float
    low: float
    high: float


class EarlierVerdict(Row):
    """What another gate had said of the same answers."""

    gate_digest: str
    time: str
    """When that gate was registered, UTC, ISO 8601."""
    verdict: BuildVerdict


class Verdict(Row):
    """Verdict of one build with the figures behind it."""

    build: str
    role: Literal["base", "parent", "quantization"]
    verdict: BuildVerdict
    scope: Literal["form", "clinical"]
    rule: str
    """The rule that decided, in words."""
    whole_form: RateFigure
    garble: RateFigure
    refusal: RateFigure
    cut_off: RateFigure
    difference: DifferenceFigure | None = None
    """None for the base and the parent."""
    errors: int
    """Checks that could not run."""
    size_bytes: int
    gate_digest: str = ""
    """Of the gate that judged: scope, thresholds, output contract and detectors."""
    earlier: tuple[EarlierVerdict, ...] = ()
    """Verdicts of other gates on the same answers, in order; a gate that came later cannot pass a build."""
