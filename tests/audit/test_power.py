"""Sample sizes against figures worked out before, and what they promise against simulation."""

import numpy as np
import pytest

from medtune.audit.power import fewest_for_limit, paired_power
from medtune.core.stats import clopper_pearson, paired_difference


@pytest.mark.parametrize(
    ("margin", "discordance", "expected"),
    [(0.02, 0.02, 310), (0.02, 0.05, 773), (0.02, 0.10, 1546), (0.05, 0.02, 50), (0.05, 0.05, 124), (0.05, 0.10, 248)],
)
def test_recommended_n_of_the_design_notes(margin: float, discordance: float, expected: int) -> None:
    assert paired_power(1000, round(1000 * discordance), margin, 0.95).recommended_n == expected


def test_no_discordant_pair_is_no_proof_that_there_are_none() -> None:
    power = paired_power(200, 0, 0.1, 0.95)
    assert power.discordance == 0
    assert power.smallest_difference > 0
    assert power.recommended_n >= 1
    assert paired_power(0, 0, 0.1, 0.95).smallest_difference == 1.0


@pytest.mark.parametrize(("limit", "confidence"), [(0.05, 0.95), (0.03, 0.95), (0.01, 0.95), (0.05, 0.9)])
def test_fewest_cases_without_a_hit(limit: float, confidence: float) -> None:
    n = fewest_for_limit(limit, confidence)
    assert n is not None
    assert clopper_pearson(0, n, 2 * confidence - 1).high < limit
    assert clopper_pearson(0, n - 1, 2 * confidence - 1).high >= limit
    assert fewest_for_limit(0.0, confidence) is None
    assert fewest_for_limit(1.0, confidence) is None


def test_a_margin_with_the_recommended_n_passes_an_equal_build_four_times_of_five() -> None:
    margin, discordance = 0.05, 0.10
    n = paired_power(1000, 100, margin, 0.95).recommended_n
    draws = np.random.default_rng(2).multinomial(n, [0.80, discordance / 2, discordance / 2, 0.10], size=1500)
    passed = 0
    for both, only_a, only_b, neither in draws.tolist():
        a = [True] * (both + only_a) + [False] * (only_b + neither)
        b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
        passed += paired_difference(a, b, 0.9).low > -margin
    assert passed / 1500 == pytest.approx(0.8, abs=0.06)
