"""How many cases a question needs, and what so many cases can tell.

Paired outcomes with a share p of discordant pairs: with no true difference, the difference of the rates has the
variance p / n. With z1 for the one-sided confidence and z2 for the power, a margin m needs (z1 + z2)^2 p / m^2 pairs.
To find a true difference d: R. J. Connor, Biometrics 43 (1987) 207.
"""

from math import ceil, log, sqrt
from statistics import NormalDist


def pairs_for_margin(discordance: float, margin: float, *, confidence: float, power: float) -> int:
    """Pairs with which an equal build is shown to lie within `margin`, with that power. Rates are fractions."""
    z = _z(confidence) + _z(power)
    return max(1, ceil(z * z * discordance / margin**2))


def pairs_for_difference(discordance: float, difference: float, *, confidence: float, power: float) -> int:
    """Pairs that find a true difference by McNemar's test (one-sided at `confidence`; two-sided at 1 - alpha / 2).

    Raises ValueError for a difference of 0 or one that exceeds the discordance.
    """
    if difference == 0 or abs(difference) > discordance:
        raise ValueError("the difference must lie between 0 and the share of discordant pairs")
    top = _z(confidence) * sqrt(discordance) + _z(power) * sqrt(discordance - difference**2)
    return ceil((top / difference) ** 2)


def smallest_difference(n: int, discordance: float, *, confidence: float, power: float) -> float:
    """The smallest true difference that n pairs find with that power (0 to 1)."""
    return min(1.0, (_z(confidence) + _z(power)) * sqrt(discordance / max(n, 1)))


def cases_for_limit(limit: float, confidence: float) -> int | None:
    """Cases without a single hit that prove a rate below `limit` (exact one-sided bound); None if none can."""
    return ceil(log(1 - confidence) / log(1 - limit)) if 0 < limit < 1 else None


def design_effect(cases_per_cluster: float, icc: float) -> float:
    """By how much the variance grows when cases come in clusters (Kish): 1 + (m - 1) * icc."""
    return 1 + (cases_per_cluster - 1) * icc


def _z(probability: float) -> float:
    return NormalDist().inv_cdf(probability)
