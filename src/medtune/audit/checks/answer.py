"""What a check sees of one answer."""

import re
from dataclasses import dataclass, field

from medtune.detect.mentions import Mention, read_mentions
from medtune.runs.records.audit import CheckResult, Outcome
from medtune.suites import Lexicon, SuiteCase
from medtune.tasks import Task

SEVERE = 4
"""From this severity on a failure can cost health or life."""
_BREAK = re.compile(r"[.!?](?=[\s*)\"'”]|$)|\n")


@dataclass(frozen=True)
class Surprise:
    """How improbable an answer is to its F16 parent: mean negative log-likelihood in nats of its worst window."""

    worst: float
    limit: float
    """What the parent's own answers do not exceed, but for the declared share."""
    span: str
    """The words of the worst window."""


@dataclass(frozen=True)
class Novelty:
    """Steps of an answer that resemble no known step: each with its similarity (0 to 1) to the nearest one."""

    steps: tuple[tuple[str, float], ...]
    limit: float


@dataclass(frozen=True)
class Answer:
    """One answer with the question that it belongs to, and what is known about that question."""

    text: str
    finish_reason: str
    """`stop` or `length` as the server said, `unknown` for an answer recorded elsewhere."""
    question: str
    """The last user turn."""
    severity: int
    """Of the case: 1 (style) to 5 (life)."""
    task: Task | None
    """The task whose output contract applies; None when none does."""
    canned: tuple[str, ...] = ()
    """Refusals that the model was trained on."""
    rubric: SuiteCase | None = None
    """What the answer must and must not hold; None for held-out examples, which are graded by form only."""
    lexicon: Lexicon | None = None
    """The concepts that the rubric names."""
    locale: str | None = None
    """Country (ISO 3166) of the deployment: which emergency number and which ranges are right."""
    language: str = ""
    """Of the answer that is wanted, as a BCP 47 tag; empty: the question's own."""
    evidence: str | None = None
    """The text that quotations must come from; None when the answer was given none."""
    surprise: Surprise | None = None
    novelty: Novelty | None = None
    _mentions: dict[str, tuple[Mention, ...]] = field(default_factory=dict, compare=False, repr=False)

    def mentions(self, concept: str) -> tuple[Mention, ...]:
        """Every mention of a concept of the lexicon; read once."""
        assert self.lexicon is not None
        if concept not in self._mentions:
            self._mentions[concept] = read_mentions(self.text, self.lexicon.compiled(concept))
        return self._mentions[concept]

    def title(self, concept: str) -> str:
        """What reports call a concept."""
        assert self.lexicon is not None
        return self.lexicon.concepts[concept].title

    @property
    def critical(self) -> bool:
        """True when a mistake here can cost health or life."""
        return self.severity >= SEVERE


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the sentence or line that holds `text[start:end]`."""
    begin = max((match.end() for match in _BREAK.finditer(text, 0, start)), default=0)
    close = _BREAK.search(text, end)
    return begin, close.end() if close else len(text)


def quoted(text: str, start: int, end: int) -> str:
    """The sentence around a place, on one line."""
    first, last = sentence_around(text, start, end)
    return " ".join(text[first:last].split())[:200]


def passed(check: str, severity: int) -> CheckResult:
    """The check found nothing."""
    return CheckResult(check=check, outcome=Outcome.PASS, severity=severity)


def failed(
    check: str, severity: int, name: str, words: str, span: str = "", *, concept: str | None = None
) -> CheckResult:
    """The check found something. Reasons read `name: words`, so that they can be counted by name."""
    reason = f"{name}: {words}"
    return CheckResult(check=check, outcome=Outcome.FAIL, severity=severity, reason=reason, span=span, concept=concept)


def review(
    check: str, severity: int, name: str, words: str, span: str = "", *, concept: str | None = None
) -> CheckResult:
    """The check cannot tell: a person must look. Never a pass."""
    reason = f"{name}: {words}"
    return CheckResult(
        check=check, outcome=Outcome.REVIEW, severity=severity, reason=reason, span=span, concept=concept
    )
