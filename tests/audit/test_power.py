"""Sample sizes against figures worked out before, and what they promise against simulation."""

import numpy as np
import pytest

from medtune.audit.power import fewest_for_limit, paired_power
from medtune.core.stats import clopper_pearson, difference_of_cells


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


@pytest.mark.parametrize(("margin", "discordance"), [(0.05, 0.10), (0.10, 0.06), (0.05, 0.04)])
def test_at_the_recommended_n_an_equal_build_passes_nine_times_of_ten(margin: float, discordance: float) -> None:
    n = paired_power(1000, round(1000 * discordance), margin, 0.95, rate=0.85).recommended_n
    cells = [0.85 - discordance / 2, discordance / 2, discordance / 2, 0.15 - discordance / 2]
    draws = np.random.default_rng(2).multinomial(n, cells, size=3000)
    passed = sum(difference_of_cells(*row, 0.9).low > -margin for row in draws.tolist())
    assert 0.89 <= passed / 3000 <= 0.96  # 0.9 within the noise of the draws, and no waste
