"""What a rate found by an imperfect detector says about the true rate.

Point: Rogan and Gladen, American Journal of Epidemiology 107 (1978) 71. Interval, with the uncertainty of sensitivity
and specificity: Lang and Reiczigel, Preventive Veterinary Medicine 113 (2014) 13.
"""

from dataclasses import dataclass
from math import sqrt

from medtune.core.stats.intervals import Rate, z_of


@dataclass(frozen=True)
class CorrectedRate:
    """A true rate (0 to 1) with its two-sided interval; `informative` is False when the detector is no better than
    chance, and then the interval is all of 0 to 1."""

    rate: float
    low: float
    high: float
    informative: bool


def rogan_gladen(found: Rate, sensitivity: Rate, specificity: Rate, confidence: float = 0.95) -> CorrectedRate:
    """The true rate behind `found`, given the detector's sensitivity and specificity as they were measured."""
    gain = sensitivity.rate + specificity.rate - 1
    if found.n == 0 or sensitivity.n == 0 or specificity.n == 0 or gain <= 0:
        return CorrectedRate(found.rate, 0.0, 1.0, informative=False)
    z = z_of(confidence)
    n, apparent = found.n + z * z, (found.hits + z * z / 2) / (found.n + z * z)
    n_se, n_sp = sensitivity.n + 2, specificity.n + 2
    se, sp = (sensitivity.hits + 1) / n_se, (specificity.hits + 1) / n_sp
    youden = se + sp - 1
    if youden <= 0:
        return CorrectedRate(found.rate, 0.0, 1.0, informative=False)
    true = (apparent + sp - 1) / youden
    of_se, of_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    shift = 2 * z * z * (true * of_se - (1 - true) * of_sp)
    error = sqrt(apparent * (1 - apparent) / n + true**2 * of_se + (1 - true) ** 2 * of_sp) / youden
    point = (found.rate + specificity.rate - 1) / gain
    low, high = true + shift - z * error, true + shift + z * error
    return CorrectedRate(_clip(point), _clip(low), _clip(high), informative=True)


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
