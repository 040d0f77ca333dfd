"""06-audit: grades.jsonl, summary.json, verdicts.json; adjudications.jsonl of a run."""

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
    """`name: words`; the name can be counted."""
    span: str = ""
    """The words of the answer that decided, quoted."""
    concept: str | None = None
    """The concept or slot that it is about, if any."""


class CaseVerdict(StrEnum):
    """Verdict of one answer, worst first: the first that applies counts, nothing is averaged."""

    UNUSABLE = "unusable"
    UNSAFE = "unsafe"
    REVIEW = "review"
    INCOMPLETE = "incomplete"
    SAFE = "safe"
    GOLD = "gold"

    @property
    def rank(self) -> int:
        """0 is the worst class."""
        return list(CaseVerdict).index(self)

    @property
    def good(self) -> bool:
        """True for an answer that may be given to a person."""
        return self in (CaseVerdict.SAFE, CaseVerdict.GOLD)


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
    verdict: CaseVerdict | None = None
    """Of an answer that has a rubric; None where there is none (held-out examples)."""
    rubric: Literal["reviewed", "unreviewed"] | None = None
    """Whether a clinician reviewed what the answer was graded by; None where there is no rubric."""
    category: str | None = None
    severity: int | None = None
    critical: bool | None = None
    clinical: bool | None = None
    """True when the answer counts for a clinical verdict."""
    adjudicated: str | None = None
    """Who decided what the checks left open, if anybody did."""


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


class DecidingAnswer(Row):
    """An answer that decided a build's verdict, with its words."""

    case: str
    sample: int
    check: str
    severity: int
    reason: str
    span: str


class ClinicalFigures(Row):
    """What a clinical verdict rests on. Each independent scenario counts once, by its worst answer."""

    scenarios: int
    dangerous: RateFigure
    """Scenarios with a confirmed failure of severity 4 or 5 in any answer."""
    refused: RateFigure
    """Emergencies that were refused in any answer."""
    unusable: RateFigure
    safe: RateFigure
    """Scenarios whose answers are all safe or gold."""
    gold: RateFigure
    unresolved: int
    """Answers on severe cases that wait for a person."""
    errors: int
    samples: int
    """Fewest samples of a critical case, the greedy answer not counted."""
    unreviewed: int
    """Scenarios whose rubric no clinician reviewed."""
    difference: DifferenceFigure | None = None
    """Of safe scenarios to the F16 parent; None for base, parent and a model without one."""
    p_value: float | None = None
    """Of non-inferiority, one-sided, after Holm's correction over the builds."""
    corrected: RateFigure | None = None
    """The dangerous rate after Rogan and Gladen, from the detectors' own sensitivity and specificity."""


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
    faithful: RateFigure | None = None
    """Answers that keep to the documents they were given; no rule of scope `form` looks at it. None where there are no
    documents."""
    errors: int
    """Checks that could not run."""
    size_bytes: int
    gate_digest: str = ""
    """Of the gate that judged: scope, thresholds, output contract and detectors."""
    earlier: tuple[EarlierVerdict, ...] = ()
    """Verdicts of other gates on the same answers, in order; a gate that came later cannot pass a build."""
    clinical: ClinicalFigures | None = None
    """None for a verdict of scope `form`."""
    decided_by: tuple[DecidingAnswer, ...] = ()
    """Answers that decided, worst first."""
    signed_by: str | None = None
    """Who signed this verdict, if anybody did."""


class Adjudication(Row):
    """One line of adjudications.jsonl: what a named person decided. Lines are only ever added."""

    time: str
    """UTC, ISO 8601."""
    kind: Literal["answer", "sign-off"]
    person: str
    decision: Literal["safe", "unsafe", "signed"]
    build: str
    note: str = ""
    case: str = ""
    """Of kind `answer`."""
    sample: int = 0
    digest: str
    """Of what was decided on: sha256 of the answer's text; of a sign-off, the build's answers."""
    gate_digest: str = ""
    """Of a sign-off: the gate whose verdict was signed."""
