"""Train a linear model of medtune/detect from the lists in tests/detect.

    python scripts/detectors/train.py refusal       writes src/medtune/detect/models/refusal.tsv.xz
    python scripts/detectors/train.py polarity      writes src/medtune/detect/models/polarity.tsv.xz
    python scripts/detectors/train.py refusal --check   each list held out in turn; writes nothing

A model has to be trained again when its rows, its features or the rules change (the rules' marks are features).
"""

import sys
from pathlib import Path

from fit import Row, Told, fit, rows_digest, write
from polarity_rows import KINDS as ADVICE_KINDS
from polarity_rows import LISTS as ADVICE
from polarity_rows import advice_rows, advice_texts
from replies import LISTS as REPLIES
from replies import reply_rows, reply_texts

from medtune.detect.linear import LinearModel
from medtune.detect.refusal import KINDS

MODELS = Path(__file__).parents[2] / "src" / "medtune" / "detect" / "models"


def _train(name: str, rows: list[Row], told: list[Told], classes: tuple[str, ...]) -> None:
    size = write(MODELS / f"{name}.tsv.xz", rows_digest(told), classes, fit(rows, classes))
    print(f"{name}: {len(rows)} rows, {size:,} bytes")


def _score(name: str, rows: list[Row], held: list[Row], classes: tuple[str, ...]) -> None:
    weights = {key: tuple(value) for key, value in fit(rows, classes).items()}
    model = LinearModel(classes, "", 1.0, weights)
    found = [model.probabilities(row.features) for row in held]
    right = sum(max(shares, key=shares.__getitem__) == row.told.label for shares, row in zip(found, held, strict=True))
    print(f"{name}: {right} of {len(held)} ({right / len(held):.3f})")


if __name__ == "__main__":
    what, *options = sys.argv[1:] or ["refusal"]
    polarity = what == "polarity"
    lists, rows_of, kinds = (ADVICE, advice_rows, ADVICE_KINDS) if polarity else (REPLIES, reply_rows, KINDS)
    if "--check" in options:
        for held in lists:
            others = tuple(name for name in lists if name != held)
            _score(held, rows_of(others), [row for row in rows_of((held,)) if row.told.weight == 1.0], kinds)
    else:
        _train(what, rows_of(lists), advice_texts() if polarity else reply_texts(), kinds)
