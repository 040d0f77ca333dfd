"""Everything that report and model card say about the audit, as one JSON object: figures, flips, power, limits."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from medtune.audit.compare import BuildFigures, Count, representatives
from medtune.audit.gate import Gate
from medtune.audit.power import POWER, fewest_for_limit, paired_power
from medtune.core.stats import Rate, clopper_pearson, wilson
from medtune.runs.records.audit import DifferenceFigure, Grade, Outcome, RateFigure
from medtune.tasks import FORM_ONLY_NOTE

INTERVALS = {
    "rates": "two-sided 95 %: Wilson for whole_form and faithful, Clopper-Pearson for garble, refusal and cut_off",
    "difference": "paired, Newcombe's method 10; low and high are one-sided bounds at the gate's confidence",
    "clusters": "each cluster of dependent cases counts once, by the case whose id has the lowest sha256",
}
NOISE = (
    "Greedy decoding on one slot without a prompt cache: the same build gives the same answers. The intervals are "
    "about the choice of topics only. A build a little above its F16 parent is noise, too. Each build is judged at the "
    "gate's confidence by itself, without a correction for their number."
)
CLASSES = ("error", "garbled", "broken", "refused", "answered")
"""Of a shown answer, worst first; `broken` is empty, cut off, leaking or an echo. None says whether it is right."""


def rate_figure(rate: Rate) -> RateFigure:
    """A rate as it is stored."""
    return RateFigure(hits=rate.hits, n=rate.n, rate=rate.rate, low=rate.low, high=rate.high)


def rates(build: BuildFigures) -> dict[str, RateFigure]:
    """The shown rates of a build, with two-sided 95 % intervals."""
    counts: dict[str, Count] = {"garble": build.garble, "refusal": build.refusal, "cut_off": build.cut_off}
    exact = {name: rate_figure(clopper_pearson(count.hits, count.n)) for name, count in counts.items()}
    return {"whole_form": rate_figure(wilson(build.whole_form.hits, build.whole_form.n)), **exact}


def faithful_figure(build: BuildFigures) -> RateFigure | None:
    """Answers that keep to their documents, with a two-sided 95 % interval (Wilson); None where none was compared."""
    return rate_figure(wilson(build.faithful.hits, build.faithful.n)) if build.faithful else None


def difference(build: BuildFigures) -> DifferenceFigure | None:
    """The paired difference as it is stored; None for base and parent."""
    pair = build.pair
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


def summarise(grades: Sequence[Grade], figures: Sequence[BuildFigures], gate: Gate) -> dict[str, Any]:
    """The part of summary.json that follows from grades and gate."""
    gated = {grade.case for grade in grades if grade.gated}
    counted = representatives(grades)
    return {
        "scope": gate.scope,
        "note": FORM_ONLY_NOTE,
        "rubric": "unreviewed",
        "cases": {
            "gated": len(gated),
            "clusters": len(counted),
            "left_out": sorted(gated - set(counted)),
            "shown_only": len({grade.case for grade in grades if not grade.gated}),
        },
        "intervals": INTERVALS,
        "noise": NOISE,
        "builds": {build.build: _build(build, grades) for build in figures},
        "suites": _suites(grades, [build.build for build in figures]),
        "power": _power(figures, len(counted), gate),
    }


def _build(build: BuildFigures, grades: Sequence[Grade]) -> dict[str, Any]:
    mine = [grade for grade in grades if grade.build == build.build and grade.gated and grade.sample == 0]
    outcomes: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {}
    for result in (result for grade in mine for result in grade.checks):
        outcomes.setdefault(result.check, Counter({str(outcome): 0 for outcome in Outcome}))[str(result.outcome)] += 1
        if result.outcome is not Outcome.PASS:
            reasons.setdefault(result.check, Counter())[result.reason.split(":")[0]] += 1
    pair = difference(build)
    return {
        "role": build.role,
        **{name: figure.model_dump(mode="json") for name, figure in rates(build).items()},
        "faithful": found.model_dump(mode="json") if (found := faithful_figure(build)) else None,
        "difference": pair.model_dump(mode="json") if pair else None,
        "errors": build.errors,
        "checks": {check: dict(sorted(counts.items())) for check, counts in outcomes.items()},
        "reasons": {check: dict(counts.most_common()) for check, counts in reasons.items()},
        "flips": {"lost": list(build.lost), "gained": list(build.gained)},
    }


def _suites(grades: Sequence[Grade], builds: Sequence[str]) -> dict[str, Any]:
    """Classes of the answers that no verdict rests on, counted by build and listed by case."""
    shown = [grade for grade in grades if not grade.gated and grade.sample == 0]
    suites: dict[str, Any] = {}
    for suite in dict.fromkeys(grade.suite for grade in shown):
        mine = [grade for grade in shown if grade.suite == suite]
        cases: dict[str, dict[str, str]] = {}
        counts = {build: dict.fromkeys(CLASSES, 0) for build in builds}
        for grade in mine:
            kind = answer_class(grade)
            cases.setdefault(grade.case, {})[grade.build] = kind
            counts[grade.build][kind] += 1
        suites[suite] = {
            "gated": False,
            "fit": "unfit",
            "rubric": "unreviewed",
            "note": "shown only: nobody judged whether these answers are right, and no verdict rests on them",
            "counts": counts,
            "cases": cases,
        }
    return suites


def answer_class(grade: Grade) -> str:
    """The worst of `CLASSES` that applies."""
    outcomes = {result.check: result.outcome for result in grade.checks}
    if Outcome.ERROR in outcomes.values():
        return "error"
    for check, kind in (("garble", "garbled"), ("integrity", "broken"), ("refusal", "refused")):
        if outcomes.get(check) not in (Outcome.PASS, None):
            return kind
    return "answered"


def _power(figures: Sequence[BuildFigures], n: int, gate: Gate) -> dict[str, Any]:
    """What these cases could tell, by build and in words."""
    powers = {
        build.build: paired_power(
            n,
            build.pair.only_a + build.pair.only_b,
            gate.margin,
            gate.confidence,
            rate=(build.pair.both + build.pair.only_a) / max(1, build.pair.n),
        )
        for build in figures
        if build.pair is not None
    }
    limits = {"garble_limit": gate.garble_limit, "refusal_limit": gate.refusal_limit}
    enough = {name: fewest_for_limit(limit, gate.confidence) for name, limit in limits.items()}
    worst = max(powers.values(), key=lambda power: power.smallest_difference, default=None)
    words = f"{n} independent cases."
    if worst:
        words += (
            f" A difference to F16 of {100 * worst.smallest_difference:.1f} points or more would have been found with "
            f"{POWER:.0%} power in every build (at up to {worst.discordance:.1%} discordant answers); smaller ones may "
            f"have been missed. The margin of {100 * gate.margin:g} points needs {worst.recommended_n} cases at that "
            f"discordance, so that an equal build passes nine times of ten."
        )
    return {
        "n": n,
        "power": POWER,
        "confidence": gate.confidence,
        "margin": gate.margin,
        "builds": {
            name: {
                "discordance": power.discordance,
                "smallest_difference": power.smallest_difference,
                "recommended_n": power.recommended_n,
            }
            for name, power in powers.items()
        },
        "fewest_cases_without_a_hit": enough,
        "words": words,
    }
