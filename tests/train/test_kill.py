"""The real thing: a training process that is killed with SIGKILL, twice, and then run again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from trainrun import train_view, write_prepared

from medtune.config.recipe import RecipeView
from medtune.runs.layout import RunDir
from medtune.runs.records.base import read_rows
from medtune.runs.records.train import Metric
from medtune.train import stage

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from trainrun import train_view
from medtune.runs.layout import RunDir
from medtune.train import stage
base, folder = Path(sys.argv[2]), Path(sys.argv[3])
import json
stage.run(train_view(base, folder, **json.loads(sys.argv[4])), RunDir(folder / "run"))
"""


SETTINGS: dict[str, Any] = {"max_steps": 160, "eval_every_steps": 20, "save_every_steps": 15}
METHODS: dict[str, dict[str, Any]] = {
    "lora": {},
    "dora": {"use_dora": True, "use_rslora": True, "lora_dropout": 0.1},
    "full": {"method": "full", "learning_rate": 1e-4},
}


def make(folder: Path, base: Path, train: dict[str, Any]) -> tuple[RecipeView, RunDir]:
    folder.mkdir()
    view = train_view(base, folder, **train)
    run = RunDir(folder / "run")
    run.path.mkdir()
    write_prepared(run, view, rows=30, validation=5)
    return view, run


def kill_after(step: int, folder: Path, base: Path, run: RunDir, train: dict[str, Any]) -> None:
    """Start the training in a process and kill it once its curve has reached a step."""
    support = Path(__file__).parents[1] / "support"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(support), str(base), str(folder), json.dumps(train)]
    process = subprocess.Popen(command, env=environment)
    curve = run.partial("train") / "metrics.jsonl"
    deadline = time.monotonic() + 240
    while not (curve.exists() and curve.read_bytes().count(b'"train"') >= step):
        assert process.poll() is None and time.monotonic() < deadline, "the training ended before it could be killed"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_killed_training_ends_as_an_uninterrupted_one(tmp_path: Path, toy_base: Path, method: str) -> None:
    train = {**SETTINGS, **METHODS[method]}
    view, whole = make(tmp_path / "whole", toy_base, train)
    stage.run(view, whole)
    view, cut = make(tmp_path / "cut", toy_base, train)
    kill_after(27, tmp_path / "cut", toy_base, cut, train)
    kill_after(40, tmp_path / "cut", toy_base, cut, train)
    assert not cut.stage("train").exists() and cut.partial("train").exists()
    facts = stage.run(view, cut).facts
    assert facts["steps"] == 160
    expected, found = (load_file(next((run.stage("train") / "adapter").glob("*.safetensors"))) for run in (whole, cut))
    assert max(float((tensor - found[name]).abs().max()) for name, tensor in expected.items()) <= 1e-5
    curves = [read_rows(run.stage("train") / "metrics.jsonl", Metric) for run in (whole, cut)]
    steps = [(point.kind, point.step) for point in curves[1]]
    assert len(steps) == len(set(steps)) == 168
    assert [point.loss for point in curves[1]] == pytest.approx([point.loss for point in curves[0]], abs=1e-4)
