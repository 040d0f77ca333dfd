"""Costs that doctor shows before anything runs."""

from pathlib import Path

import pytest

from medtune.cli import costs
from medtune.pipeline import open_recipe
from medtune.pipeline.checks import problems

QUICKSTART = Path(__file__).parents[2] / "recipes" / "quickstart.yaml"


def lines(tmp_path: Path, *overrides: str) -> list[str]:
    return list(costs.cost_lines(open_recipe(QUICKSTART, overrides, tmp_path / "runs")))


def test_ram_and_hours_follow_questions_builds_and_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "bandwidth", lambda: 1e9)
    found = lines(tmp_path)
    assert found[0].startswith("RAM: about 0.") and "GiB are free" in found[0]
    assert "220 questions to 9 builds" in found[1] and "320 tokens" in found[1]
    fewer = lines(tmp_path, "suites.limit=10", "ask.max_tokens=32")
    assert "20 questions to 9 builds" in fewer[1] and "at most 1 min" in fewer[1]
    monkeypatch.setattr(costs, "bandwidth", lambda: 1e7)
    assert " h on this CPU" in lines(tmp_path)[1]


def test_the_bandwidth_is_measured_here() -> None:
    assert 1e8 < costs.bandwidth() < 1e13


def test_what_the_card_cannot_do_would_stop_the_run(tmp_path: Path) -> None:
    opened = open_recipe(QUICKSTART, ("train.dtype=float16",), tmp_path / "runs")
    import torch

    if torch.cuda.is_available():
        pytest.skip("a card is there")
    found = [problem.what for problem in problems(opened, ("train",))]
    assert len(found) == 1 and "cannot train in float16" in found[0]
