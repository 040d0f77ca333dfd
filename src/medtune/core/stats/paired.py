"""Two builds on the same cases: the paired difference, McNemar's exact test, non-inferiority.

Sources: R. G. Newcombe, Statistics in Medicine 17 (1998) 2635 (paired difference, method 10); Q. McNemar, Psychometrika
12 (1947) 153.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from medtune.core.stats.intervals import wilson


@dataclass(frozen=True)
class PairedDifference:
    """Rate of B minus rate of A on the same n cases, with an interval; the four cells say where they differ."""

    n: int
    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    low: float
    high: float


def paired_difference(a: Sequence[bool], b: Sequence[bool], confidence: float = 0.95) -> PairedDifference:
    """Newcombe's hybrid score interval (method 10) for rate(b) - rate(a) of paired outcomes.

    Raises ValueError when the lists differ in length. With no pairs the interval is -1 to 1.
    """
    if len(a) != len(b):
        raise ValueError("paired outcomes must have the same length")
    both = sum(x and y for x, y in zip(a, b, strict=True))
    only_a = sum(x and not y for x, y in zip(a, b, strict=True))
    only_b = sum(y and not x for x, y in zip(a, b, strict=True))
    return difference_of_cells(both, only_a, only_b, len(a) - both - only_a - only_b, confidence)


def difference_of_cells(
    both: int, only_a: int, only_b: int, neither: int, confidence: float = 0.95
) -> PairedDifference:
    """`paired_difference` from the counts of the four cells."""
    n = both + only_a + only_b + neither
    if n == 0:
        return PairedDifference(0, 0, 0, 0, 0, 0.0, -1.0, 1.0)
    rate_a = wilson(both + only_a, n, confidence)
    rate_b = wilson(both + only_b, n, confidence)
    difference = rate_b.rate - rate_a.rate
    phi = _phi(both, only_a, only_b, neither)
    low_b, high_a = rate_b.rate - rate_b.low, rate_a.high - rate_a.rate
    high_b, low_a = rate_b.high - rate_b.rate, rate_a.rate - rate_a.low
    low = difference - sqrt(max(0.0, low_b**2 - 2 * phi * low_b * high_a + high_a**2))
    high = difference + sqrt(max(0.0, high_b**2 - 2 * phi * high_b * low_a + low_a**2))
    return PairedDifference(n, both, only_a, only_b, neither, difference, max(-1.0, low), min(1.0, high))


def _phi(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Correlation of the pair with Newcombe's continuity correction (method 10)."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    n = both + only_a + only_b + neither
    cross = both * neither - only_a * only_b
    cross_corrected = max(cross - n / 2, 0.0) if cross > 0 else float(cross)
    return cross_corrected / sqrt(margins)


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Two-sided p-value of McNemar's exact test from the two discordant counts; 1 with no discordant pair."""
    from scipy.special import bdtr  # the distribution function of the binomial

    discordant = only_a + only_b
    if discordant == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), discordant, 0.5)))


@dataclass(frozen=True)
class NonInferiority:
    """Is the rate of B at most `margin` below that of A? `p_value` is one-sided; below alpha means: yes."""

    difference: PairedDifference
    """With bounds at the one-sided confidence that was asked for."""
    margin: float
    p_value: float


def non_inferiority(pair: PairedDifference, margin: float, confidence: float) -> NonInferiority:
    """Test d > -margin at the one-sided `confidence`, by the lower bound of Newcombe's interval.

    The p-value is the smallest alpha at which that bound lies above -margin, so that bound and p-value never disagree.
    """
    from scipy.optimize import brentq

    def low(alpha: float) -> float:
        cells = (pair.both, pair.only_a, pair.only_b, pair.neither)
        return difference_of_cells(*cells, 1 - 2 * alpha).low + margin

    sure, unsure = 1e-12, 0.5 - 1e-12
    if pair.n == 0 or low(unsure) <= 0:
        p_value = 0.5 if pair.n and pair.difference > -margin else 1.0
    elif low(sure) > 0:
        p_value = sure
    else:
        p_value = float(brentq(low, sure, unsure, xtol=1e-14))
    shown = difference_of_cells(pair.both, pair.only_a, pair.only_b, pair.neither, 2 * confidence - 1)
    return NonInferiority(shown, margin, p_value)
