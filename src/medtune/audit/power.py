"""What so many cases can tell apart, so that «no difference was found» is not read as «there is none»."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, lgamma, log

from medtune.core.stats import cases_for_limit, difference_of_cells, pairs_for_margin, smallest_difference

POWER = 0.8
"""Chance of finding a difference that is there."""
RELEASE_POWER = 0.9
"""Chance with which an equal build passes at the recommended number of cases."""
_NEGLIGIBLE = 1e-7


@dataclass(frozen=True)
class Power:
    """Power of a paired comparison; differences are fractions (0 to 1)."""

    n: int
    discordance: float
    smallest_difference: float
    recommended_n: int
    """Pairs with which an equal build passes nine times of ten."""


def paired_power(n: int, discordant: int, margin: float, confidence: float, *, rate: float = 0.9) -> Power:
    """Smallest difference that n pairs find with 80 % power, and the n that the margin needs at the parent's `rate`.

    With no discordant pair seen, one is assumed: n pairs cannot show that there are none.
    """
    discordance = max(discordant, 1) / max(n, 1)
    return Power(
        n=n,
        discordance=discordant / max(n, 1),
        smallest_difference=smallest_difference(n, discordance, confidence=confidence, power=POWER),
        recommended_n=recommended_pairs(round(discordance, 4), margin, confidence, round(rate, 2)),
    )


@lru_cache(maxsize=256)
def recommended_pairs(discordance: float, margin: float, confidence: float, rate: float) -> int:
    """Pairs with which an equal build passes with the power of a release, by the very interval that the gate uses.

    The normal approximation asks for too few at high rates, so its n is raised in steps of 5 % until the chance of a
    pass, summed over the discordant counts, is reached.
    """
    n = max(10, pairs_for_margin(discordance, margin, confidence=confidence, power=RELEASE_POWER))
    while pass_chance(n, discordance, margin, confidence, rate) < RELEASE_POWER:
        n = ceil(n * 1.05)
    return n


def pass_chance(n: int, discordance: float, margin: float, confidence: float, rate: float) -> float:
    """Chance (0 to 1) that n pairs show an equal build to lie within the margin; `rate` is that of both builds."""
    chance = 0.0
    for discordant in range(n + 1):
        weight = _binomial(n, discordant, discordance)
        if weight < _NEGLIGIBLE:
            if discordant > n * discordance:
                break
            continue
        for lost in range(discordant + 1):
            split = weight * _binomial(discordant, lost, 0.5)
            if split < _NEGLIGIBLE:
                continue
            neither = min(n - discordant, max(0, round((1 - rate) * n - discordant / 2)))
            both = n - discordant - neither
            bound = difference_of_cells(both, lost, discordant - lost, neither, 2 * confidence - 1).low
            chance += split * (bound > -margin)
    return chance


def _binomial(n: int, hits: int, rate: float) -> float:
    if rate in (0.0, 1.0):
        return float(hits == round(n * rate))
    ways = lgamma(n + 1) - lgamma(hits + 1) - lgamma(n - hits + 1)
    return exp(ways + hits * log(rate) + (n - hits) * log(1 - rate))


def fewest_for_limit(limit: float, confidence: float) -> int | None:
    """Cases without a single hit that prove a rate below the limit (exact one-sided bound); None if none can."""
    return cases_for_limit(limit, confidence)
