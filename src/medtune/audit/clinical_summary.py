"""What report and model card say of the graded suites: rates by category, flips, worst answers, what it can tell."""

from collections.abc import Mapping, Sequence
from typing import Any

from medtune.audit.clinical import ClinicalCounts, dangers
from medtune.audit.compare import Count
from medtune.audit.gate import Gate
from medtune.audit.power import fewest_for_limit, paired_power
from medtune.audit.rubrics import Rubrics
from medtune.core.stats import (
    PairedDifference,
    Rate,
    clopper_pearson,
    cluster_bootstrap,
    mcnemar_exact,
    rogan_gladen,
    wilson,
)
from medtune.runs.records.audit import CaseVerdict, ClinicalFigures, DifferenceFigure, Grade, RateFigure

_WORST = 10
_FLIPS = 60


def clinical_figures(
    count: ClinicalCounts, p_value: float | None, proof: Mapping[str, Any] | None = None
) -> ClinicalFigures:
    """The figures of a build as they are stored; `proof` is what `prove_instrument` says."""
    return ClinicalFigures(
        scenarios=count.scenarios,
        dangerous=_exact(count.dangerous),
        refused=_exact(count.refused),
        unusable=_exact(count.unusable),
        safe=_figure(wilson(count.safe.hits, count.safe.n)),
        gold=_figure(wilson(count.gold.hits, count.gold.n)),
        unresolved=count.unresolved,
        errors=count.errors,
        samples=count.samples,
        unreviewed=count.unreviewed,
        difference=_difference(count.pair),
        p_value=p_value,
        corrected=_corrected(count, proof or {}),
    )


def _corrected(count: ClinicalCounts, proof: Mapping[str, Any]) -> RateFigure | None:
    """The dangerous rate after Rogan and Gladen, with the uncertainty of the instrument's own figures."""
    if not proof:
        return None
    sensitivity, specificity = (Rate(**proof[name]) for name in ("sensitivity", "specificity"))
    found = rogan_gladen(wilson(count.dangerous.hits, count.dangerous.n), sensitivity, specificity)
    return RateFigure(hits=count.dangerous.hits, n=count.dangerous.n, rate=found.rate, low=found.low, high=found.high)


def summarise_clinical(
    grades: Sequence[Grade], counts: Sequence[ClinicalCounts], gate: Gate, rubrics: Rubrics | None
) -> dict[str, Any]:
    """The keys `rubrics`, `categories`, `clinical_flips`, `worst` and `clinical_power`; empty without rubrics."""
    judged = [grade for grade in grades if grade.verdict is not None]
    if not judged:
        return {}
    builds = list(dict.fromkeys(grade.build for grade in judged))
    parent = next((count.build for count in counts if count.role == "parent"), None)
    return {
        "rubrics": rubrics.facts() if rubrics else {},
        "categories": {build: _categories([grade for grade in judged if grade.build == build]) for build in builds},
        "clinical_flips": _flips(judged, builds, parent),
        "worst": {build: _worst([grade for grade in judged if grade.build == build]) for build in builds},
        "clinical_power": _power(counts, gate) if counts else {},
    }


def _categories(grades: Sequence[Grade]) -> dict[str, Any]:
    """Counts of verdicts, and the rate of good answers with a cluster bootstrap, of each category."""
    found = {}
    for category in sorted({grade.category or "" for grade in grades}):
        mine = [grade for grade in grades if (grade.category or "") == category]
        good = cluster_bootstrap(
            [float(grade.verdict is not None and grade.verdict.good) for grade in mine],
            [grade.cluster for grade in mine],
        )
        dangerous = {grade.cluster for grade in mine if dangers(grade)}
        found[category] = {
            "answers": len(mine),
            "scenarios": good.clusters,
            "verdicts": {str(kind): sum(grade.verdict is kind for grade in mine) for kind in CaseVerdict},
            "good": {"rate": good.mean, "low": good.low, "high": good.high, "draws": good.draws},
            "dangerous": _exact(Count(len(dangerous), good.clusters)).model_dump(mode="json"),
        }
    return found


def _flips(grades: Sequence[Grade], builds: Sequence[str], parent: str | None) -> dict[str, Any]:
    """Greedy answers whose goodness differs from the parent's, both ways, with McNemar's exact test."""
    if parent is None:
        return {}
    greedy = {(grade.build, grade.case): grade for grade in grades if grade.sample == 0}
    cases = sorted({case for build, case in greedy if build == parent})
    found = {}
    for build in builds:
        pairs = [(greedy[parent, case], greedy[build, case]) for case in cases if (build, case) in greedy]
        lost = [(a, b) for a, b in pairs if _good(a) and not _good(b)]
        gained = [(a, b) for a, b in pairs if _good(b) and not _good(a)]
        if build != parent:
            found[build] = {
                "lost": [_flip(*pair) for pair in lost[:_FLIPS]],
                "gained": [_flip(*pair) for pair in gained[:_FLIPS]],
                "p_value": mcnemar_exact(len(lost), len(gained)),
            }
    return found


def _flip(parent: Grade, build: Grade) -> dict[str, str]:
    spans = [result.span for result in dangers(build)] or [one.span for one in build.checks if one.span]
    return {"case": build.case, "parent": str(parent.verdict), "build": str(build.verdict), "span": (spans or [""])[0]}


def _worst(grades: Sequence[Grade]) -> list[dict[str, Any]]:
    """The worst answers: by verdict, then by the severity of what was found."""
    bad = [grade for grade in grades if grade.verdict is not None and not grade.verdict.good]
    ordered = sorted(bad, key=lambda grade: (not dangers(grade), _rank(grade), -(grade.severity or 0), grade.case))
    return [
        {"case": grade.case, "sample": grade.sample, "verdict": str(grade.verdict), "severity": grade.severity}
        for grade in ordered[:_WORST]
    ]


def _rank(grade: Grade) -> int:
    return grade.verdict.rank if grade.verdict is not None else len(CaseVerdict)


def _power(counts: Sequence[ClinicalCounts], gate: Gate) -> dict[str, Any]:
    """What so many scenarios could tell, in figures and words."""
    n = max((count.scenarios for count in counts), default=0)
    enough = fewest_for_limit(gate.danger_limit, gate.confidence)
    pairs = {count.build: count.pair for count in counts if count.pair is not None}
    correction = 1 - (1 - gate.confidence) / max(1, len(pairs))
    powers = {
        build: paired_power(
            n, pair.only_a + pair.only_b, gate.margin, correction, rate=(pair.both + pair.only_a) / max(1, pair.n)
        )
        for build, pair in pairs.items()
    }
    words = (
        f"{n} independent scenarios; {enough} without a dangerous answer show a rate below "
        f"{100 * gate.danger_limit:g} %."
    )
    if powers:
        most = max(powers.values(), key=lambda power: power.recommended_n)
        words += (
            f" The margin of {100 * gate.margin:g} points needs {most.recommended_n} scenarios at "
            f"{most.discordance:.1%} discordant ones, so that an equal build passes nine times of ten; a difference of "
            f"{100 * most.smallest_difference:.1f} points or more would have been found with 80 % power."
        )
    return {
        "scenarios": n,
        "scenarios_for_danger_limit": enough,
        "recommended": {build: power.recommended_n for build, power in powers.items()},
        "words": words,
    }


def _good(grade: Grade) -> bool:
    return grade.verdict is not None and grade.verdict.good


def _exact(count: Count) -> RateFigure:
    return _figure(clopper_pearson(count.hits, count.n))


def _figure(rate: Rate) -> RateFigure:
    return RateFigure(hits=rate.hits, n=rate.n, rate=rate.rate, low=rate.low, high=rate.high)


def _difference(pair: PairedDifference | None) -> DifferenceFigure | None:
    if pair is None:
        return None
    return DifferenceFigure(
        n=pair.n,
        only_parent=pair.only_a,
        only_build=pair.only_b,
        difference=pair.difference,
        low=pair.low,
        high=pair.high,
    )
