"""A full fine-tune goes through the export's merge: every trained tensor, in the base's own type."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from trainrun import train_view, write_prepared

from medtune.chat.base import resolve_base
from medtune.export.merge import merge
from medtune.export.trained import read_trained
from medtune.export.weights import read_weights
from medtune.runs.layout import ADAPTER, TRAINING, RunDir
from medtune.train import stage


def test_all_trained_weights_reach_the_merged_model(tmp_path: Path, toy_base: Path) -> None:
    view = train_view(toy_base, tmp_path, method="full", max_steps=3, learning_rate=1e-3)
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    write_prepared(run, view, rows=12, validation=2)
    stage.run(view, run)
    base = resolve_base(view.base, view.resolve)
    folder = run.stage("train")
    trained = read_trained(folder / ADAPTER, folder / TRAINING, base)
    merge(read_weights(base.folder), trained.adapter, tmp_path / "merged")
    before, after = load_file(toy_base / "model.safetensors"), load_file(folder / ADAPTER / "model.safetensors")
    merged = load_file(tmp_path / "merged" / "model.safetensors")
    assert merged.keys() == before.keys()
    for name, tensor in merged.items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, after[name].to(tensor.dtype)) and not torch.equal(tensor, before[name])
