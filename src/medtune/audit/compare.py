"""Grades to figures: rates of each build with intervals, and the paired difference to the F16 parent.

Cases of one cluster (one topic) are not independent, so each cluster counts once: the case whose id has the lowest
sha256 stands for it, which nobody can choose. Held-out sets mostly hold one case a topic; then nothing is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtune.audit.checks import faithful, garble, integrity, refusal
from medtune.core.hashing import sha256_text
from medtune.core.stats import PairedDifference, paired_difference
from medtune.runs.records.audit import CheckResult, Grade, Outcome

Role = Literal["base", "parent", "quantization"]


@dataclass(frozen=True)
class Count:
    """So many of n answers."""

    hits: int
    n: int


@dataclass(frozen=True)
class BuildFigures:
    """What the gate sees of one build: counts over the gated cases that stand for their clusters."""

    build: str
    role: Role
    whole_form: Count
    garble: Count
    refusal: Count
    cut_off: Count
    errors: int
    """Checks that could not run, over all gated cases; the comparison with a document is no part of the form."""
    pair: PairedDifference | None
    """Whole forms against the parent's, at the gate's one-sided confidence; None for base and parent."""
    lost: tuple[str, ...] = ()
    """Cases whose form the parent kept and this build did not."""
    gained: tuple[str, ...] = ()
    """The other way round."""
    faithful: Count | None = None
    """Answers that keep to their documents, of those that were compared with one; None where nothing was compared."""


def representatives(grades: Sequence[Grade]) -> tuple[str, ...]:
    """Ids of the gated cases that stand for their clusters, sorted."""
    clusters: dict[str, str] = {}
    for case, cluster in sorted({(grade.case, grade.cluster) for grade in grades if grade.gated}):
        if cluster not in clusters or sha256_text(case) < sha256_text(clusters[cluster]):
            clusters[cluster] = case
    return tuple(sorted(clusters.values()))


def compare(grades: Sequence[Grade], roles: dict[str, Role], confidence: float) -> list[BuildFigures]:
    """Figures of every build in `roles`, in that order. `confidence` is that of each one-sided bound.

    A two-sided interval at 2 * confidence - 1 has both bounds at that one-sided confidence. Greedy answers only.
    """
    chosen = set(representatives(grades))
    gated = [grade for grade in grades if grade.gated and grade.sample == 0]
    by_build = {name: {grade.case: grade for grade in gated if grade.build == name} for name in roles}
    parent = next((name for name, role in roles.items() if role == "parent"), None)
    figures = []
    compared = any(_of(grade, faithful.NAME) for grade in gated)
    for name, role in roles.items():
        counted = [grade for case, grade in sorted(by_build[name].items()) if case in chosen]
        pair: PairedDifference | None = None
        lost: tuple[str, ...] = ()
        gained: tuple[str, ...] = ()
        if role == "quantization" and parent is not None:
            theirs = [by_build[parent][grade.case] for grade in counted]
            pair = paired_difference(_whole(theirs), _whole(counted), 2 * confidence - 1)
            lost, gained = _flips(theirs, counted), _flips(counted, theirs)
        figures.append(
            BuildFigures(
                build=name,
                role=role,
                whole_form=Count(sum(_whole(counted)), len(counted)),
                garble=_count(counted, garble.NAME),
                refusal=_count(counted, refusal.NAME),
                cut_off=Count(sum(_cut_off(grade) for grade in counted), len(counted)),
                errors=sum(_errors(grade) for grade in by_build[name].values()),
                pair=pair,
                lost=lost,
                gained=gained,
                faithful=_faithful(counted, compared),
            )
        )
    return figures


def _whole(grades: Sequence[Grade]) -> list[bool]:
    return [grade.whole_form is True for grade in grades]


def _flips(kept: Sequence[Grade], missed: Sequence[Grade]) -> tuple[str, ...]:
    """Cases with a whole form in the first list and none in the second; both hold the same cases in the same order."""
    pairs = zip(kept, missed, strict=True)
    return tuple(first.case for first, second in pairs if first.whole_form and not second.whole_form)


def _count(grades: Sequence[Grade], check: str) -> Count:
    """Answers that the check did not pass: what waits for a review is not passed either, and errors count apart."""
    missed = (Outcome.FAIL, Outcome.REVIEW)
    return Count(sum(result.outcome in missed for grade in grades for result in _of(grade, check)), len(grades))


def _faithful(grades: Sequence[Grade], compared: bool) -> Count | None:
    """An answer that never came, or whose comparison could not run, keeps to nothing."""
    if not compared:
        return None
    passed = [any(result.outcome is Outcome.PASS for result in _of(grade, faithful.NAME)) for grade in grades]
    return Count(sum(passed), len(passed))


def _errors(grade: Grade) -> int:
    return sum(result.outcome is Outcome.ERROR for result in grade.checks if result.check != faithful.NAME)


def _cut_off(grade: Grade) -> bool:
    return any(result.reason.startswith("cut_off:") for result in _of(grade, integrity.NAME))


def _of(grade: Grade, check: str) -> list[CheckResult]:
    return [result for result in grade.checks if result.check == check]
