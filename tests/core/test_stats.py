"""Intervals against published examples and against scipy and statsmodels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from medtune.core.stats import clopper_pearson, paired_difference, wilson


def pairs(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Outcome lists with these four cells."""
    cells = [(True, True)] * both + [(True, False)] * only_a + [(False, True)] * only_b + [(False, False)] * neither
    return [a for a, _ in cells], [b for _, b in cells]


# R. G. Newcombe, Statistics in Medicine 17 (1998) 2635, Table III: limits of method 10 for theta = (f - g) / n with the
# cells e, f, g, h. Taken from a public test suite that reproduces them; the paper itself was not opened.
NEWCOMBE = [
    (36, 12, 2, 0, 0.0569, 0.3404),
    (20, 12, 2, 16, 0.0562, 0.3292),
    (18, 12, 2, 18, 0.0562, 0.3290),
    (36, 14, 0, 0, 0.1528, 0.4167),
    (35, 14, 0, 1, 0.1461, 0.4175),
    (18, 14, 0, 18, 0.1441, 0.3963),
    (2, 97, 1, 0, 0.8721, 0.9854),
    (1, 97, 1, 1, 0.8736, 0.9850),
    (0, 29, 1, 0, 0.6666, 0.9882),
    (2, 98, 0, 0, 0.9178, 0.9945),
    (1, 98, 0, 1, 0.9171, 0.9916),
    (0, 30, 0, 0, 0.8395, 1.0),
    (54, 0, 0, 0, -0.0664, 0.0664),
    (53, 0, 0, 1, -0.0729, 0.0729),
    (30, 0, 0, 24, -0.0358, 0.0358),
]


@pytest.mark.parametrize(("e", "f", "g", "h", "low", "high"), NEWCOMBE)
def test_paired_difference_matches_newcombes_table(e: int, f: int, g: int, h: int, low: float, high: float) -> None:
    first, second = pairs(e, f, g, h)
    found = paired_difference(second, first)
    assert found.difference == pytest.approx((f - g) / (e + f + g + h))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)  # the last printed digit


def test_paired_difference_matches_an_independent_program() -> None:
    """Response before and after therapy; value of the tests of the R package contingencytables, chapter 8."""
    first, second = pairs(59, 6, 16, 80)
    found = paired_difference(second, first)
    assert (found.difference, found.low, found.high) == pytest.approx((-0.0621, -0.1186, -0.0046), abs=5.1e-5)


CELLS = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda cells: sum(cells) > 0)


@given(CELLS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_paired_difference_is_antisymmetric_and_holds_its_estimate(
    cells: tuple[int, int, int, int], confidence: float
) -> None:
    a, b = pairs(*cells)
    forward, backward = paired_difference(a, b, confidence), paired_difference(b, a, confidence)
    assert (backward.low, backward.high) == pytest.approx((-forward.high, -forward.low))
    assert -1 <= forward.low <= forward.difference <= forward.high <= 1
    assert forward.difference == pytest.approx((forward.only_b - forward.only_a) / forward.n)


@given(CELLS.filter(lambda cells: cells[0] + cells[2] > 0))
def test_one_more_failure_of_b_never_raises_either_bound(cells: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, neither = cells
    before = paired_difference(*pairs(*cells), 0.9)
    worse = (both - 1, only_a + 1, only_b, neither) if both else (both, only_a, only_b - 1, neither + 1)
    after = paired_difference(*pairs(*worse), 0.9)
    assert after.low <= before.low + 1e-12
    assert after.high <= before.high + 1e-12


@given(CELLS)
def test_a_wider_confidence_gives_a_wider_interval(cells: tuple[int, int, int, int]) -> None:
    narrow, wide = (paired_difference(*pairs(*cells), confidence) for confidence in (0.9, 0.99))
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high


def test_paired_difference_of_nothing_and_of_unequal_lists() -> None:
    nothing = paired_difference([], [])
    assert (nothing.n, nothing.low, nothing.high) == (0, -1.0, 1.0)
    with pytest.raises(ValueError, match="same length"):
        paired_difference([True], [])


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """10,000 draws of 200 correlated pairs with a true difference of -3 points: 95 % two-sided, within its noise."""
    draws = np.random.default_rng(5).multinomial(200, [0.82, 0.06, 0.03, 0.09], size=10_000)
    cache: dict[tuple[int, ...], bool] = {}
    for cells in {tuple(int(count) for count in row) for row in draws}:
        found = paired_difference(*pairs(*cells))
        cache[cells] = found.low <= -0.03 <= found.high
    covered = np.mean([cache[tuple(int(count) for count in row)] for row in draws])
    assert covered == pytest.approx(0.95, abs=0.015)


COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_matches_scipy_and_statsmodels(counts: tuple[int, int], confidence: float) -> None:
    hits, n = counts
    found = wilson(hits, n, confidence)
    theirs = binomtest(hits, n).proportion_ci(confidence, method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert (found.low, found.high) == pytest.approx(
        proportion_confint(hits, n, alpha=1 - confidence, method="wilson"), abs=1e-9
    )
    assert found.rate == hits / n


@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_clopper_pearson_matches_scipy_and_statsmodels(counts: tuple[int, int], confidence: float) -> None:
    hits, n = counts
    found = clopper_pearson(hits, n, confidence)
    theirs = binomtest(hits, n).proportion_ci(confidence, method="exact")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert (found.low, found.high) == pytest.approx(
        proportion_confint(hits, n, alpha=1 - confidence, method="beta"), abs=1e-9
    )


@pytest.mark.parametrize("method", [wilson, clopper_pearson])
def test_no_cases_say_nothing(method: object) -> None:
    found = method(0, 0)
    assert (found.low, found.high) == (0.0, 1.0)


def test_no_failures_in_n_by_hand() -> None:
    """With no hits, the exact one-sided 95 % upper bound is 1 - 0.05 ** (1 / n)."""
    for n in (1, 20, 59, 100, 300):
        assert clopper_pearson(0, n, 0.9).high == pytest.approx(1 - math.pow(0.05, 1 / n))
