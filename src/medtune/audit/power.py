"""What so many cases can tell apart, so that «no difference was found» is not read as «there is none».

For paired outcomes with a share of discordant pairs p (where one build keeps the form and the other does not), the
difference of the rates has the variance p / n when the true difference is zero. With z1 for the one-sided confidence
and z2 for the power, a difference of (z1 + z2) * sqrt(p / n) is found with that power, and a margin m needs
n = (z1 + z2)^2 * p / m^2: the normal approximation that is usual for McNemar's design.
"""

from dataclasses import dataclass
from math import ceil, log, sqrt
from statistics import NormalDist

POWER = 0.8
"""Chance of finding a difference that is there (or of passing an equal build)."""


@dataclass(frozen=True)
class Power:
    """Power of a paired comparison; differences are fractions (0 to 1)."""

    n: int
    discordance: float
    smallest_difference: float
    recommended_n: int


def paired_power(n: int, discordant: int, margin: float, confidence: float) -> Power:
    """Smallest difference that n pairs find with 80 % power, and the n that the margin needs.

    With no discordant pair seen, one is assumed: n pairs cannot show that there are none.
    """
    discordance = max(discordant, 1) / max(n, 1)
    z = NormalDist().inv_cdf(confidence) + NormalDist().inv_cdf(POWER)
    return Power(
        n=n,
        discordance=discordant / max(n, 1),
        smallest_difference=min(1.0, z * sqrt(discordance / max(n, 1))),
        recommended_n=ceil(z * z * discordance / margin**2),
    )


def fewest_for_limit(limit: float, confidence: float) -> int | None:
    """Cases without a single hit that prove a rate below the limit (exact one-sided bound); None if none can."""
    return ceil(log(1 - confidence) / log(1 - limit)) if 0 < limit < 1 else None
