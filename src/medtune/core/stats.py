"""Rates with intervals, and the paired difference of two builds on the same cases.

Sources: E. B. Wilson, JASA 22 (1927) 209; Clopper and Pearson, Biometrika 26 (1934) 404;
R. G. Newcombe, Statistics in Medicine 17 (1998) 2635 (paired difference, method 10).
"""

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Rate:
    """A rate between 0 and 1 with its count, number of cases and two-sided interval."""

    hits: int
    n: int
    rate: float
    low: float
    high: float


def _z(confidence: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(hits: int, n: int, confidence: float = 0.95) -> Rate:
    """Wilson score interval of hits/n (two-sided). With n = 0 the interval is all of 0 to 1."""
    if n == 0:
        return Rate(0, 0, 0.0, 0.0, 1.0)
    z = _z(confidence)
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Rate(
        hits, n, p, 0.0 if hits == 0 else max(0.0, centre - half), 1.0 if hits == n else min(1.0, centre + half)
    )


def clopper_pearson(hits: int, n: int, confidence: float = 0.95) -> Rate:
    """Exact interval of hits/n (two-sided), for claims about no or few failures."""
    from scipy.special import betaincinv  # the quantile of scipy.stats.beta, a second faster to import

    if n == 0:
        return Rate(0, 0, 0.0, 0.0, 1.0)
    alpha = 1 - confidence
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, alpha / 2))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1 - alpha / 2))
    return Rate(hits, n, hits / n, low, high)


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


def paired_difference(a: list[bool], b: list[bool], confidence: float = 0.95) -> PairedDifference:
    """Newcombe's hybrid score interval (method 10) for rate(b) - rate(a) of paired outcomes.

    Raises ValueError when the lists differ in length. With no pairs the interval is -1 to 1.
    """
    if len(a) != len(b):
        raise ValueError("paired outcomes must have the same length")
    n = len(a)
    both = sum(x and y for x, y in zip(a, b, strict=True))
    only_a = sum(x and not y for x, y in zip(a, b, strict=True))
    only_b = sum(y and not x for x, y in zip(a, b, strict=True))
    neither = n - both - only_a - only_b
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
