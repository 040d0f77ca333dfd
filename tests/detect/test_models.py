"""The models of the detectors: small, trained on the rows that the scripts gather, and the same when trained again."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from medtune.detect import linear
from medtune.detect.linear import LinearModel, load_model

SCRIPTS = Path(__file__).parents[2] / "scripts" / "detectors"
NAMES = ("refusal", "polarity")


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    import importlib

    monkeypatch.syspath_prepend(str(SCRIPTS))
    names = ("fit", "replies", "polarity_rows")
    yield {name: importlib.import_module(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_small(name: str) -> None:
    file = Path(linear.__file__).parent / "models" / f"{name}.tsv.xz"
    assert file.stat().st_size < 300_000


def test_the_model_of_replies_was_trained_on_the_rows_that_stand_here(scripts: dict[str, ModuleType]) -> None:
    assert load_model("refusal").rows == scripts["fit"].rows_digest(scripts["replies"].reply_texts())


def test_the_model_of_advice_was_trained_on_the_rows_that_stand_here(scripts: dict[str, ModuleType]) -> None:
    assert load_model("polarity").rows == scripts["fit"].rows_digest(scripts["polarity_rows"].advice_texts())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_training_again_gives_the_same_model(scripts: dict[str, ModuleType], name: str) -> None:
    shipped = load_model(name)
    rows = scripts["replies"].reply_rows() if name == "refusal" else scripts["polarity_rows"].advice_rows()
    weights = {feature: tuple(values) for feature, values in scripts["fit"].fit(rows, shipped.classes).items()}
    again = LinearModel(shipped.classes, "", 1.0, weights)
    for row in rows[::7]:
        here, there = again.probabilities(row.features), shipped.probabilities(row.features)
        assert all(abs(here[kind] - there[kind]) < 0.05 for kind in shipped.classes)


def test_probabilities_sum_to_one_and_unknown_features_count_nothing() -> None:
    model = LinearModel(("a", "b"), "", 0.5, {"x": (2, 0)})
    assert model.probabilities({"unknown": 9.0}) == {"a": 0.5, "b": 0.5}
    shares = model.probabilities({"x": 1.0})
    assert shares["a"] == pytest.approx(2.718281828 / 3.718281828)
    assert sum(shares.values()) == pytest.approx(1)
