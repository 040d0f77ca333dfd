"""Small linear models that stand beside the rules: multinomial logistic regression over named features.

A model is a text file: a first line with the classes, the digest of the rows it was trained on and the unit of the
weights, then a line a feature: its name and one whole number a class. scripts/detectors trains and writes them.
"""

import lzma
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class LinearModel:
    """Weights by feature name, one for each class, in `unit`s of log-odds."""

    classes: tuple[str, ...]
    rows: str
    """sha256 of the training rows."""
    unit: float
    weights: Mapping[str, tuple[int, ...]]

    def probabilities(self, features: Mapping[str, float]) -> dict[str, float]:
        """Probability of each class; features that training did not see count nothing."""
        sums = [0.0] * len(self.classes)
        for name, value in features.items():
            found = self.weights.get(name)
            if found is not None:
                for place, weight in enumerate(found):
                    sums[place] += value * weight
        top = max(sums)
        shares = [math.exp((total - top) * self.unit) for total in sums]
        return {name: share / sum(shares) for name, share in zip(self.classes, shares, strict=True)}


@cache
def load_model(name: str) -> LinearModel:
    """The model of that name that medtune ships."""
    data = (Path(__file__).parent / "models" / f"{name}.tsv.xz").read_bytes()
    head, *lines = lzma.decompress(data).decode("utf-8").splitlines()
    rows, unit, *classes = head.split("\t")
    weights: dict[str, tuple[int, ...]] = {}
    for line in lines:
        feature, *numbers = line.split("\t")
        weights[feature] = tuple(map(int, numbers))
    return LinearModel(tuple(classes), rows, float(unit), weights)


def grouped(groups: Mapping[str, tuple[float, set[str]]]) -> dict[str, float]:
    """Features of groups that are each given a total length: a long text weighs no more than a short one.

    By group: its weight, and the names present in it. A name's value is the weight over the root of their number.
    """
    features: dict[str, float] = {}
    for prefix, (weight, names) in groups.items():
        value = weight / math.sqrt(max(4, len(names)))
        features.update((f"{prefix}:{name}", value) for name in names)
    return features
