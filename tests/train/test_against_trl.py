"""Engine `trl` (merged layers, loss in pieces, own batches) against TRL + PEFT alone: the same curve."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

# PEFT and transformers warn each other of renamed attributes.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "train_curve.py"
    spec = importlib.util.spec_from_file_location("train_curve", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_100_steps_stay_within_a_ten_thousandth_of_a_nat(toy_base: Path) -> None:
    found = benchmark().compare(
        rows=None, base=toy_base, steps=100, batch=8, limit_rows=400, engine="trl", device="cpu"
    )
    assert found["within_limit"] and found["largest_difference_nats"] <= 1e-4, found
    assert found["last_loss"][0] < found["first_loss"][0] - 0.2
