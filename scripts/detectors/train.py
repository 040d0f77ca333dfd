"""Train a linear model of medtune/detect from the lists in tests/detect.

    python scripts/detectors/train.py refusal       writes src/medtune/detect/models/refusal.tsv.xz
    python scripts/detectors/train.py polarity      writes src/medtune/detect/models/polarity.tsv.xz
    python scripts/detectors/train.py refusal --check   each list held out in turn; writes nothing

A model has to be trained again when its rows, its features or the rules change (the rules' marks are features).
"""

import sys
from pathlib import Path

from fit import Row, fit, write
from replies import LISTS, reply_rows

from medtune.detect.linear import LinearModel
from medtune.detect.refusal import KINDS

MODELS = Path(__file__).parents[2] / "src" / "medtune" / "detect" / "models"


def _refusal(check: bool) -> None:
    if check:
        for held in LISTS:
            names = tuple(name for name in LISTS if name != held)
            _score(held, reply_rows(names), [row for row in reply_rows((held,)) if row.told.weight == 1.0], KINDS)
        return
    rows = reply_rows()
    size = write(MODELS / "refusal.tsv.xz", rows, KINDS, fit(rows, KINDS))
    print(f"{len(rows)} rows, {size:,} bytes")


def _score(name: str, rows: list[Row], held: list[Row], classes: tuple[str, ...]) -> None:
    weights = {key: tuple(value) for key, value in fit(rows, classes).items()}
    model = LinearModel(classes, "", 1.0, weights)
    found = [model.probabilities(row.features) for row in held]
    right = sum(max(shares, key=shares.__getitem__) == row.told.label for shares, row in zip(found, held, strict=True))
    print(f"{name}: {right} of {len(held)} ({right / len(held):.3f})")


if __name__ == "__main__":
    what, *options = sys.argv[1:] or ["refusal"]
    if what == "polarity":
        from polarity_rows import train_polarity

        train_polarity("--check" in options)
    else:
        _refusal("--check" in options)
