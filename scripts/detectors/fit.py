"""Fits the linear models of medtune/detect: multinomial logistic regression, L2, by L-BFGS; deterministic."""

import hashlib
import lzma
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

WITHOUT_RULES = 0.8
"""Weight of the copy of a row that lacks the rules' features; the copy with them has the rest."""
UNIT = 0.02
"""Log-odds that one unit of a stored weight stands for."""


@dataclass(frozen=True)
class Told:
    """A text with its class and weight. Of sentences with an action the action stands behind a tab."""

    text: str
    label: str
    weight: float


@dataclass(frozen=True)
class Row:
    """One training row."""

    told: Told
    features: Mapping[str, float]


def rows_digest(rows: Sequence[Told]) -> str:
    """sha256 over texts, labels and weights, in order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.text}\x1e{row.label}\x1e{row.weight:g}\x1d".encode())
    return digest.hexdigest()


def fit(rows: Sequence[Row], classes: Sequence[str], decay: float = 0.5) -> dict[str, np.ndarray]:
    """Weights by feature, one a class. Features of fewer than two rows are left out."""
    copies = [(row.features, row, 1 - WITHOUT_RULES) for row in rows] + [
        ({name: value for name, value in row.features.items() if not name.startswith("r:")}, row, WITHOUT_RULES)
        for row in rows
    ]
    counts = Counter(name for row in rows for name in row.features)
    names = [name for name in sorted(counts) if counts[name] > 1]
    place = {name: number for number, name in enumerate(names)}
    entries = [
        (number, place[name], value)
        for number, (features, _, _) in enumerate(copies)
        for name, value in features.items()
        if name in place
    ]
    at, column, values = zip(*entries, strict=True)
    matrix = csr_matrix((values, (at, column)), shape=(len(copies), len(names)))
    labels = np.array([classes.index(row.told.label) for _, row, _ in copies])
    weights = np.array([row.told.weight * share for _, row, share in copies])
    found = _minimise(matrix, labels, weights, len(classes), decay)
    return {name: found[number] for name, number in place.items()}


def _minimise(matrix: csr_matrix, labels: np.ndarray, weights: np.ndarray, classes: int, decay: float) -> np.ndarray:
    rows, columns = matrix.shape
    wanted = np.eye(classes)[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        theta = flat.reshape(columns, classes)
        scores = matrix @ theta
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        value = -(weights * np.log(shares[np.arange(rows), labels] + 1e-12)).sum() + decay / 2 * (flat @ flat)
        slope = matrix.T @ ((shares - wanted) * weights[:, None]) + decay * theta
        return float(value), slope.ravel()

    start = np.zeros(columns * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x.reshape(columns, classes))


def write(path: Path, digest: str, classes: Sequence[str], weights: Mapping[str, np.ndarray]) -> int:
    """Write the model; features whose weights all round to nothing are left out. Returns its size in bytes."""
    lines = ["\t".join([digest, str(UNIT), *classes])]
    for name, values in weights.items():
        whole = [round(float(value) / UNIT) for value in values]
        if any(whole):
            lines.append("\t".join([name, *map(str, whole)]))
    data = lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return len(data)
