"""The gate: its rules on made figures, what more failures may change, and how often it errs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtune.audit.compare import BuildFigures, Count, Role
from medtune.audit.gate import Gate, judge
from medtune.core.stats import paired_difference
from medtune.runs.records.audit import BuildVerdict

GATE = Gate(
    scope="form",
    margin=0.10,
    confidence=0.95,
    parent_floor=0.70,
    garble_limit=0.05,
    refusal_limit=0.05,
    min_cases=50,
)


def figures(
    kept: list[bool],
    parent: list[bool] | None = None,
    *,
    role: Role = "quantization",
    garble: int = 0,
    refusal: int = 0,
    errors: int = 0,
    build: str = "Q4_0",
    gate: Gate = GATE,
) -> BuildFigures:
    n = len(kept)
    pair = paired_difference(parent, kept, 2 * gate.confidence - 1) if parent is not None else None
    return BuildFigures(
        build, role, Count(sum(kept), n), Count(garble, n), Count(refusal, n), Count(0, n), errors, pair
    )  # fmt: skip


def outcomes(hits: int, n: int) -> list[bool]:
    return [number < hits for number in range(n)]


def verdicts(builds: list[BuildFigures], gate: Gate = GATE) -> dict[str, str]:
    return {judgement.build: str(judgement.verdict) for judgement in judge(builds, gate)}


def parent(hits: int, n: int, **changes: int) -> BuildFigures:
    return figures(outcomes(hits, n), role="parent", build="F16", **changes)


@pytest.mark.parametrize(
    ("hits", "n", "changes", "expected"),
    [
        (170, 200, {}, "FORM-PASS"),
        (140, 200, {}, "HOLD"),
        (120, 200, {}, "REJECT-UNUSABLE"),
        (200, 200, {"garble": 4}, "FORM-PASS"),
        (200, 200, {"garble": 8}, "HOLD"),
        (200, 200, {"garble": 30}, "REJECT-UNUSABLE"),
        (200, 200, {"refusal": 4}, "FORM-PASS"),
        (200, 200, {"refusal": 8}, "HOLD"),
        (200, 200, {"refusal": 30}, "REJECT-UNUSABLE"),
        (200, 200, {"errors": 1}, "HOLD"),
        (120, 200, {"errors": 1}, "REJECT-UNUSABLE"),
        (49, 49, {}, "HOLD"),
        (0, 49, {"garble": 49}, "HOLD"),
        (60, 60, {}, "FORM-PASS"),
        (58, 58, {}, "HOLD"),
    ],
)
def test_the_parent(hits: int, n: int, changes: dict[str, int], expected: str) -> None:
    """58 answers without a garbled one leave an exact upper bound of 5.03 %: not below the limit of 5 %."""
    assert verdicts([parent(hits, n, **changes)]) == {"F16": expected}


@pytest.mark.parametrize(
    ("lost", "gained", "expected"),
    [
        (0, 0, "FORM-PASS"),
        (8, 2, "FORM-PASS"),
        (20, 8, "HOLD"),
        (22, 2, "HOLD"),
        (50, 0, "REJECT-UNUSABLE"),
        (0, 20, "FORM-PASS"),
    ],
)
def test_a_quantization_against_its_parent(lost: int, gained: int, expected: str) -> None:
    theirs = [True] * 175 + [False] * 25
    mine = [False] * lost + [True] * (175 - lost) + [True] * gained + [False] * (25 - gained)
    assert verdicts([parent(175, 200), figures(mine, theirs)])["Q4_0"] == expected


def test_no_quantization_is_better_than_its_parent() -> None:
    for hits, expected in ((200, "FORM-PASS"), (140, "HOLD"), (100, "REJECT-UNUSABLE")):
        theirs = outcomes(hits, 200)
        assert verdicts([parent(hits, 200), figures(theirs, theirs)]) == {"F16": expected, "Q4_0": expected}
        better = [True] * 200
        assert verdicts([parent(hits, 200), figures(better, theirs)])["Q4_0"] == expected


def test_the_base_never_passes_however_good() -> None:
    assert verdicts([figures(outcomes(200, 200), role="base", build="base-F16")]) == {"base-F16": "HOLD"}
    assert verdicts([figures(outcomes(3, 200), role="base", build="base-F16")]) == {"base-F16": "REJECT-UNUSABLE"}


def test_without_a_parent_nothing_passes() -> None:
    assert verdicts([figures(outcomes(200, 200))]) == {"Q4_0": "HOLD"}


def test_the_edges_themselves_never_pass_and_never_reject() -> None:
    """A bound that lies exactly on its threshold decides nothing."""
    theirs = outcomes(175, 200)
    mine = [False] * 8 + theirs[8:]
    pair = paired_difference(theirs, mine, 0.9)
    for bound in (pair.low, pair.high):
        assert verdicts([parent(175, 200), figures(mine, theirs)], replace(GATE, margin=-bound))["Q4_0"] == "HOLD"


def test_rules_say_in_words_what_decided() -> None:
    theirs = outcomes(190, 200)
    rules = {
        judgement.build: judgement.rule
        for judgement in judge(
            [
                figures(outcomes(0, 200), role="base", build="base-F16"),
                parent(190, 200),
                figures(theirs, theirs, build="Q8_0"),
                figures([False] * 80 + theirs[80:], theirs, build="Q2_K", garble=30),
            ],
            GATE,
        )
    }
    assert "whole forms: 0 of 200, upper 95 % bound 1.3 % is below the floor of 70.0 %" in rules["base-F16"]
    assert "190 of 200" in rules["F16"]
    assert "whole forms +0.0 points against F16 (0 lost, 0 gained)" in rules["Q8_0"]
    assert "garbled answers: 0 of 200, upper 95 % bound 1.5 % is below the limit of 5.0 %" in rules["Q8_0"]
    assert "-40.0 points against F16 (80 lost, 0 gained)" in rules["Q2_K"]
    assert "garbled answers: 30 of 200, lower 95 % bound" in rules["Q2_K"]
    assert "refusals" not in rules["Q2_K"]


CASE = st.tuples(st.booleans(), st.booleans())
GATES = st.builds(
    Gate,
    scope=st.just("form"),
    margin=st.sampled_from([0.02, 0.05, 0.10, 0.20]),
    confidence=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    parent_floor=st.sampled_from([0.3, 0.5, 0.7]),
    garble_limit=st.sampled_from([0.02, 0.05, 0.1]),
    refusal_limit=st.sampled_from([0.02, 0.05, 0.1]),
    min_cases=st.sampled_from([1, 20, 50]),
)


@settings(max_examples=300)
@given(st.lists(CASE, min_size=1, max_size=120), st.integers(0, 119), st.integers(0, 5), GATES, st.data())
def test_one_more_failure_never_gives_a_better_verdict(
    pairs: list[tuple[bool, bool]], which: int, garble: int, gate: Gate, data: st.DataObject
) -> None:
    theirs, mine = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    n = len(mine)
    garble, refusal = min(garble, n), data.draw(st.integers(0, min(5, n)))
    above = figures(theirs, role="parent", build="F16", gate=gate)
    before = figures(mine, theirs, garble=garble, refusal=refusal, gate=gate)
    worse = list(mine)
    worse[which % n] = False
    for after in (
        figures(worse, theirs, garble=garble, refusal=refusal, gate=gate),
        figures(mine, theirs, garble=min(n, garble + 1), refusal=refusal, gate=gate),
        figures(mine, theirs, garble=garble, refusal=min(n, refusal + 1), gate=gate),
        figures(mine, theirs, garble=garble, refusal=refusal, errors=1, gate=gate),
    ):
        ranks = [judge([above, build], gate)[1].verdict.rank for build in (before, after)]
        assert ranks[1] >= ranks[0]


@given(st.lists(CASE, min_size=1, max_size=49), st.integers(0, 3))
def test_too_few_cases_always_hold(pairs: list[tuple[bool, bool]], errors: int) -> None:
    theirs, mine = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    builds = [
        figures(mine, role="base", build="base-F16", garble=len(mine)),
        figures(theirs, role="parent", build="F16"),
        figures(mine, theirs, errors=errors, garble=len(mine)),
    ]
    assert set(verdicts(builds).values()) == {"HOLD"}


@given(st.lists(CASE, min_size=1, max_size=150), GATES)
def test_a_build_passes_only_with_its_parent_and_never_as_a_release(pairs: list[tuple[bool, bool]], gate: Gate) -> None:
    theirs, mine = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = judge([figures(theirs, role="parent", build="F16", gate=gate), figures(mine, theirs, gate=gate)], gate)
    assert found[1].verdict.rank >= found[0].verdict.rank
    for judgement in found:
        assert judgement.rule
        assert judgement.verdict in (BuildVerdict.FORM_PASS, BuildVerdict.HOLD, BuildVerdict.REJECT_UNUSABLE)


def pass_rate(cells: list[float], draws: int = 2000) -> float:
    """Share of passes of a build with n = 200 whose cells (both, only parent, only build, neither) are drawn."""
    rows = np.random.default_rng(11).multinomial(200, cells, size=draws)
    passed: dict[tuple[int, ...], bool] = {}
    for row in {tuple(int(count) for count in row) for row in rows}:
        both, only_parent, only_build, neither = row
        theirs = [True] * (both + only_parent) + [False] * (only_build + neither)
        mine = [True] * both + [False] * only_parent + [True] * only_build + [False] * neither
        # The parent's own rate is not what is asked here: it is given a clear pass.
        gate = replace(GATE, parent_floor=0.0)
        passed[row] = judge([figures(theirs, role="parent", build="F16"), figures(mine, theirs)], gate)[1].verdict is (
            BuildVerdict.FORM_PASS
        )
    return float(np.mean([passed[tuple(int(count) for count in row)] for row in rows]))


def test_an_equal_build_passes_and_a_worse_one_does_not() -> None:
    """n = 200, parent at 85 %, margin 10 points."""
    equal = pass_rate([0.825, 0.025, 0.025, 0.125])  # 5 % discordance
    worse = pass_rate([0.69, 0.16, 0.01, 0.14])  # 15 points worse
    at_the_margin = pass_rate([0.74, 0.11, 0.01, 0.14])  # exactly 10 points worse: the gate's own error rate
    assert equal >= 0.90
    assert worse <= 0.05
    assert at_the_margin <= 0.06
