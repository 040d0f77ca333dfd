"""Rates with intervals.

Sources: E. B. Wilson, JASA 22 (1927) 209; Clopper and Pearson, Biometrika 26 (1934) 404.
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


def z_of(confidence: float) -> float:
    """Normal quantile of a two-sided interval at `confidence`."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(hits: int, n: int, confidence: float = 0.95) -> Rate:
    """Wilson score interval of hits/n (two-sided). With n = 0 the interval is all of 0 to 1."""
    if n == 0:
        return Rate(0, 0, 0.0, 0.0, 1.0)
    z = z_of(confidence)
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
