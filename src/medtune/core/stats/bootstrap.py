"""The cluster bootstrap: answers of one scenario are not independent, so whole scenarios are drawn.

Source: Davison and Hinkley, Bootstrap Methods and their Application (1997), sections 2.4 and 3.8; percentile interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BootstrapInterval:
    """A mean over all answers with the percentile interval of `draws` resamples of whole clusters."""

    mean: float
    low: float
    high: float
    clusters: int
    draws: int


def cluster_bootstrap(
    values: Sequence[float], clusters: Sequence[str], *, confidence: float = 0.95, draws: int = 2000, seed: int = 0
) -> BootstrapInterval:
    """Mean of `values` (N,), with clusters drawn with replacement; `clusters` (N,) names the cluster of each value.

    Large clusters weigh more, as they do in the mean. The same seed gives the same interval. Raises ValueError when the
    lengths differ. Without values the interval is NaN.
    """
    import numpy as np

    if len(values) != len(clusters):
        raise ValueError("each value belongs to one cluster")
    if not values:
        return BootstrapInterval(float("nan"), float("nan"), float("nan"), 0, draws)
    names = sorted(set(clusters))
    place = {name: number for number, name in enumerate(names)}
    index = np.array([place[name] for name in clusters])
    data = np.asarray(values, dtype=float)
    sums = np.bincount(index, weights=data, minlength=len(names))
    counts = np.bincount(index, minlength=len(names))
    drawn = np.random.default_rng(seed).integers(0, len(names), (draws, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [50 * (1 - confidence), 50 * (1 + confidence)])
    return BootstrapInterval(float(data.mean()), float(low), float(high), len(names), draws)
