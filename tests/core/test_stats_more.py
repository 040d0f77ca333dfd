"""Tests of differences, clusters, several builds and detectors: against scipy, statsmodels and published figures."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from medtune.core.stats import (
    Rate,
    cases_for_limit,
    clopper_pearson,
    cluster_bootstrap,
    design_effect,
    difference_of_cells,
    holm,
    mcnemar_exact,
    non_inferiority,
    pairs_for_difference,
    pairs_for_margin,
    rogan_gladen,
    smallest_difference,
    wilson,
)

CELLS = st.tuples(*[st.integers(0, 80)] * 4).filter(lambda cells: sum(cells) > 0)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_matches_statsmodels(only_a: int, only_b: int) -> None:
    theirs = mcnemar([[5, only_a], [only_b, 5]], exact=True).pvalue if only_a + only_b else 1.0
    assert mcnemar_exact(only_a, only_b) == pytest.approx(min(1.0, theirs), abs=1e-9)


def test_mcnemar_needs_five_one_way_flips() -> None:
    """The design notes: one-sided p < .05 needs five flips in one direction, two-sided six."""
    assert mcnemar_exact(5, 0) / 2 < 0.05 <= mcnemar_exact(4, 0) / 2
    assert mcnemar_exact(6, 0) < 0.05 <= mcnemar_exact(5, 0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_matches_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), abs=1e-9)


def test_holm_of_nothing() -> None:
    assert holm([]) == []


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.sampled_from([0.8, 0.9, 0.95]), st.integers(0, 99))
@settings(max_examples=25)
def test_a_bootstrap_of_single_cases_matches_scipy(values: list[bool], confidence: float, seed: int) -> None:
    names = [f"c{number:03}" for number in range(len(values))]
    numbers = [float(value) for value in values]
    found = cluster_bootstrap(numbers, names, confidence=confidence, draws=500, seed=seed)
    if len(set(values)) > 1:
        theirs = bootstrap(
            (numbers,),
            np.mean,
            n_resamples=500,
            confidence_level=confidence,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.low <= found.mean + 1e-12 and found.high >= found.mean - 1e-12


def test_clusters_widen_the_interval_and_its_coverage_holds() -> None:
    """Three alike answers a cluster: counting them as independent covers too seldom, drawing clusters does not."""
    chance = np.random.default_rng(3)
    covered, naive = 0, 0
    for draw in range(400):
        of_cluster = chance.random(60) < 0.8
        values = [float(value) for value in of_cluster for _ in range(3)]
        names = [f"c{number}" for number in range(60) for _ in range(3)]
        found = cluster_bootstrap(values, names, draws=400, seed=draw)
        alone = wilson(int(sum(values)), len(values))
        covered += found.low <= 0.8 <= found.high
        naive += alone.low <= 0.8 <= alone.high
    assert covered / 400 >= 0.90
    assert naive / 400 < 0.85


def test_a_bootstrap_of_nothing_and_of_unequal_lists() -> None:
    assert math.isnan(cluster_bootstrap([], []).mean)
    with pytest.raises(ValueError, match="cluster"):
        cluster_bootstrap([1.0], [])


@given(CELLS, st.sampled_from([0.02, 0.05, 0.1, 0.2]), st.sampled_from([0.9, 0.95, 0.99]))
def test_p_value_and_bound_of_non_inferiority_never_disagree(
    cells: tuple[int, int, int, int], margin: float, confidence: float
) -> None:
    pair = difference_of_cells(*cells, 2 * confidence - 1)
    found = non_inferiority(pair, margin, confidence)
    assert found.difference == pair
    if abs(pair.low + margin) > 1e-9:
        assert (found.p_value < 1 - confidence) == (pair.low > -margin)
    assert 0 < found.p_value <= 1


def test_non_inferiority_of_nothing_is_not_shown() -> None:
    assert non_inferiority(difference_of_cells(0, 0, 0, 0), 0.1, 0.95).p_value == 1.0


@pytest.mark.parametrize(
    ("margin", "discordance", "expected"),
    [(0.02, 0.02, 310), (0.02, 0.05, 773), (0.02, 0.10, 1546), (0.05, 0.02, 50), (0.05, 0.05, 124), (0.05, 0.10, 248)],
)
def test_pairs_for_a_margin_are_those_of_the_design_notes(margin: float, discordance: float, expected: int) -> None:
    assert pairs_for_margin(discordance, margin, confidence=0.95, power=0.8) == expected


def test_pairs_for_a_difference_are_connors() -> None:
    """The worked example of powerandsamplesize.com and of open-powersamplesize, both after Connor (1987), page 209."""
    assert pairs_for_difference(0.5, 0.4, confidence=0.975, power=0.8) == 23
    assert pairs_for_difference(0.5, 0.4, confidence=0.95, power=0.9) == 23


@pytest.mark.parametrize(
    ("discordance", "expected"), [(0.02, 308), (0.03, 462), (0.04, 617), (0.06, 926), (0.10, 1544)]
)
def test_pairs_that_find_two_points_are_those_of_the_design_notes(discordance: float, expected: int) -> None:
    """Read there as rounded to the nearest: one case more or less."""
    assert pairs_for_difference(discordance, 0.02, confidence=0.95, power=0.8) == pytest.approx(expected, abs=1)


def test_a_difference_that_cannot_be_is_refused() -> None:
    for difference in (0.0, 0.2):
        with pytest.raises(ValueError, match="discordant"):
            pairs_for_difference(0.1, difference, confidence=0.95, power=0.8)


def test_smallest_difference_and_needed_pairs_agree() -> None:
    n = pairs_for_margin(0.1, 0.05, confidence=0.95, power=0.8)
    assert smallest_difference(n, 0.1, confidence=0.95, power=0.8) == pytest.approx(0.05, abs=2e-4)


@pytest.mark.parametrize(("n", "upper"), [(20, 0.139), (60, 0.049), (100, 0.0295), (150, 0.0198), (300, 0.0099)])
def test_no_failure_in_n_as_the_design_notes_say(n: int, upper: float) -> None:
    assert clopper_pearson(0, n, 0.9).high == pytest.approx(upper, abs=6e-4)
    assert cases_for_limit(clopper_pearson(0, n, 0.9).high + 1e-9, 0.95) == n
    assert cases_for_limit(0.0, 0.95) is None


def test_the_design_effect_of_three_paraphrases() -> None:
    assert design_effect(3, 0.3) == pytest.approx(1.6)


def rate(share: float, n: int) -> Rate:
    return wilson(round(share * n), n)


def test_rogan_gladen_of_the_brucellosis_example() -> None:
    """Documentation of epi.prev (R package epiR): 23 of 150 cows, Se .96, Sp .89: 5.1 of 100."""
    found = rogan_gladen(wilson(23, 150), rate(0.96, 10_000), rate(0.89, 10_000))
    assert found.rate == pytest.approx(0.051, abs=5e-4)
    assert found.low == 0.0 < found.rate < found.high < 0.13


def test_a_perfect_detector_changes_nothing_and_a_useless_one_says_nothing() -> None:
    many = rate(1.0, 10**9)
    found = rogan_gladen(wilson(30, 200), many, many)
    assert found.rate == pytest.approx(0.15)
    assert (found.low, found.high) == pytest.approx((0.107, 0.206), abs=2e-3)  # Agresti and Coull's, nearly Wilson's
    for sensitivity, specificity in ((0.5, 0.5), (0.3, 0.2)):
        blind = rogan_gladen(wilson(30, 200), rate(sensitivity, 100), rate(specificity, 100))
        assert (blind.informative, blind.low, blind.high) == (False, 0.0, 1.0)
    assert not rogan_gladen(wilson(3, 10), wilson(0, 0), many).informative


def test_the_corrected_interval_covers_the_truth_also_with_a_small_validation_set() -> None:
    chance, truth, se, sp = np.random.default_rng(9), 0.1, 0.85, 0.95
    covered = 0
    for _ in range(2000):
        hits = chance.binomial(300, truth * se + (1 - truth) * (1 - sp))
        found = rogan_gladen(
            wilson(int(hits), 300), wilson(int(chance.binomial(60, se)), 60), wilson(int(chance.binomial(80, sp)), 80)
        )
        covered += found.low <= truth <= found.high
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)
