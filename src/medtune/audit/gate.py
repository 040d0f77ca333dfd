"""Figures to verdicts: the rules, in words, and nothing else. Pure.

Rules of scope `form`, each with bounds at the gate's one-sided confidence:

1. Fewer cases than `min_cases`: HOLD.
2. Garbled answers, and refusals: lower bound above the limit rejects; upper bound not below the limit holds.
3. The F16 parent's rate of whole forms: lower bound above the floor passes, upper bound below it rejects, else HOLD.
   No quantization is better than its parent's class, so a faithful copy of a bad model does not pass.
4. A quantization, with d the paired difference to the parent and m the margin: lower bound of d above -m passes,
   upper bound below -m rejects, else HOLD.
5. A check that could not run on a gated case: HOLD at best.
6. The base is judged as if it were a parent and never released: HOLD at best.

The worst rule decides; nothing is averaged. A passed build reads FORM-PASS: the words were not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtune.audit.compare import BuildFigures, Count
from medtune.audit.wording import bound, of, percent, points
from medtune.core.stats import clopper_pearson, wilson
from medtune.runs.records.audit import BuildVerdict

RULES_VERSION = 1
"""Raised when the same figures could get another verdict."""

PASS, HOLD, REJECT = BuildVerdict.FORM_PASS, BuildVerdict.HOLD, BuildVerdict.REJECT_UNUSABLE


@dataclass(frozen=True)
class Gate:
    """The declared thresholds; rates and the margin are fractions (0 to 1)."""

    scope: Literal["form", "clinical"]
    margin: float
    confidence: float
    """Of each one-sided bound."""
    parent_floor: float
    garble_limit: float
    refusal_limit: float
    min_cases: int
    danger_limit: float = 0.03
    """Scope `clinical`: the upper bound of dangerous scenarios must lie below."""
    samples: int = 5
    """Scope `clinical`: samples of each critical case beside the greedy answer."""
    sign_off: bool = False
    """Scope `clinical`: a named person must sign."""


@dataclass(frozen=True)
class Judgement:
    """Verdict of one build and the rule that decided, in words."""

    build: str
    verdict: BuildVerdict
    rule: str


_Ruling = tuple[BuildVerdict, str]


def judge(figures: Sequence[BuildFigures], gate: Gate) -> list[Judgement]:
    """Judge every build. Without a parent among them no quantization can pass."""
    parent = next((build for build in figures if build.role == "parent"), None)
    above = _decide(parent, _parent_rules(parent, gate), gate) if parent else (HOLD, "there is no F16 parent")
    judgements = []
    for build in figures:
        if build.role == "quantization":
            ruling = _decide(build, _quantization_rules(build, gate, above), gate)
        elif build.role == "parent":
            ruling = above
        else:
            yardstick = (HOLD, "the base is the yardstick and is never released")
            ruling = _decide(build, [*_parent_rules(build, gate), yardstick], gate)
        judgements.append(Judgement(build.build, *ruling))
    return judgements


def _decide(build: BuildFigures, rulings: list[_Ruling], gate: Gate) -> _Ruling:
    """Rule 1 alone with too few cases; else the worst verdict of the given and the common rules, with each reason."""
    n = build.whole_form.n
    if n < gate.min_cases:
        return HOLD, f"too few cases: {n}, at least {gate.min_cases} are wanted"
    rulings = [*rulings, *_common_rules(build, gate)]
    verdict = max((ruling[0] for ruling in rulings), key=lambda each: each.rank)
    return verdict, "; ".join(words for each, words in rulings if each is verdict)


def _common_rules(build: BuildFigures, gate: Gate) -> list[_Ruling]:
    """Rules 2 and 5."""
    rulings = [
        _limit("garbled answers", build.garble, gate.garble_limit, gate),
        _limit("refusals", build.refusal, gate.refusal_limit, gate),
    ]
    if build.errors:
        rulings.append((HOLD, f"{build.errors} checks could not run; an error is never a pass"))
    return rulings


def _limit(name: str, count: Count, limit: float, gate: Gate) -> _Ruling:
    """Rule 2, with exact (Clopper-Pearson) bounds: these are claims about few or no hits."""
    rate = clopper_pearson(count.hits, count.n, 2 * gate.confidence - 1)
    shown = f"{name}: {of(rate)}"
    if rate.low > limit:
        return (
            REJECT,
            f"{shown}, lower {bound(gate.confidence)} {percent(rate.low)} is above the limit of {percent(limit)}",
        )
    if rate.high < limit:
        return (
            PASS,
            f"{shown}, upper {bound(gate.confidence)} {percent(rate.high)} is below the limit of {percent(limit)}",
        )
    return (
        HOLD,
        f"{shown}, upper {bound(gate.confidence)} {percent(rate.high)} is not below the limit of {percent(limit)}",
    )


def _parent_rules(build: BuildFigures, gate: Gate) -> list[_Ruling]:
    """Rule 3, with Wilson bounds."""
    rate = wilson(build.whole_form.hits, build.whole_form.n, 2 * gate.confidence - 1)
    shown = f"whole forms: {of(rate)}"
    floor = f"the floor of {percent(gate.parent_floor)}"
    if rate.low > gate.parent_floor:
        return [(PASS, f"{shown}, lower {bound(gate.confidence)} {percent(rate.low)} is above {floor}")]
    if rate.high < gate.parent_floor:
        return [(REJECT, f"{shown}, upper {bound(gate.confidence)} {percent(rate.high)} is below {floor}")]
    held = f"{percent(rate.low)} to {percent(rate.high)}"
    return [(HOLD, f"{shown}, the interval from {held} holds {floor}")]


def _quantization_rules(build: BuildFigures, gate: Gate, parent: _Ruling) -> list[_Ruling]:
    """Rules 3 and 4."""
    rulings: list[_Ruling] = []
    if parent[0] is not PASS:
        rulings.append((parent[0], f"no better than its F16 parent, which is {parent[0]} ({parent[1]})"))
    if build.pair is None:
        return [*rulings, (HOLD, "it was not compared with an F16 parent")]
    pair, margin = build.pair, gate.margin
    shown = f"whole forms {points(pair.difference)} points against F16 ({pair.only_a} lost, {pair.only_b} gained)"
    edge = f"the margin of {points(-margin)}"
    if pair.low > -margin:
        rulings.append((PASS, f"{shown}, lower {bound(gate.confidence)} {points(pair.low)} is above {edge}"))
    elif pair.high < -margin:
        rulings.append((REJECT, f"{shown}, upper {bound(gate.confidence)} {points(pair.high)} is below {edge}"))
    else:
        held = f"{points(pair.low)} to {points(pair.high)}"
        rulings.append((HOLD, f"{shown}, the interval from {held} holds {edge}"))
    return rulings
