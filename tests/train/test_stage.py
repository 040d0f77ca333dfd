import contextlib
import importlib
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from trainrun import train_view, write_prepared

from medtune.config.recipe import RecipeView
from medtune.core import console
from medtune.core.errors import DataError, MedtuneError, ModelError, ResourceError
from medtune.core.io import read_json
from medtune.runs.freshness import state_of
from medtune.runs.layout import RunDir
from medtune.runs.manifest import Manifest
from medtune.runs.records.base import read_rows
from medtune.runs.records.train import Metric
from medtune.train import finetune, stage


class Killed(BaseException):
    """Stands for the end of the process where only the in-process path is tested."""


def prepared(
    tmp_path: Path, base: Path, *, rows: int = 24, validation: int = 6, **train: Any
) -> tuple[RecipeView, RunDir]:
    view = train_view(base, tmp_path, **train)
    run = RunDir(tmp_path / "run")
    run.path.mkdir(exist_ok=True)
    write_prepared(run, view, rows=rows, validation=validation)
    return view, run


def metrics(run: RunDir) -> list[Metric]:
    return read_rows(run.stage("train") / "metrics.jsonl", Metric)


def adapter(run: RunDir) -> dict[str, torch.Tensor]:
    return dict(load_file(run.stage("train") / "adapter" / "adapter_model.safetensors"))


def assert_same_training(one: RunDir, other: RunDir) -> None:
    """Adapter within 1e-5, the same points in the same order."""
    expected, found = adapter(one), adapter(other)
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert (tensor - found[name]).abs().max() <= 1e-5, name
    assert [(p.kind, p.step, p.epoch, p.learning_rate) for p in metrics(one)] == [
        (p.kind, p.step, p.epoch, p.learning_rate) for p in metrics(other)
    ]
    for expected_point, found_point in zip(metrics(one), metrics(other), strict=True):
        assert math.isclose(expected_point.loss, found_point.loss, abs_tol=1e-5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, toy_base: Path) -> tuple[RecipeView, RunDir, Manifest, str]:
    """One finished training, with what it printed."""
    view, run = prepared(
        tmp_path_factory.mktemp("trained"), toy_base, max_steps=14, eval_every_steps=5, save_every_steps=4,
        learning_rate=3e-2, keep_checkpoints=2,
    )  # fmt: skip
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "say", said.append)
        patch.setattr(finetune, "say", said.append)
        patch.setattr(stage, "say", said.append)
        manifest = stage.run(view, run)
    return view, run, manifest, "\n".join(said)


Trained = tuple[RecipeView, RunDir, Manifest, str]


def test_the_loss_falls_and_every_point_is_written(trained: Trained) -> None:
    _, run, manifest, _ = trained
    points = metrics(run)
    train = [point for point in points if point.kind == "train"]
    validation = [point for point in points if point.kind == "validation"]
    assert [point.step for point in train] == list(range(1, 15))
    assert [point.step for point in validation] == [5, 10, 14]
    assert validation[-1].loss < train[0].loss - 0.15
    assert validation[-1].perplexity == pytest.approx(math.exp(validation[-1].loss))
    assert all(point.learning_rate is not None and point.tokens_per_s for point in train)
    assert manifest.facts["best_validation_loss"] == min(point.loss for point in validation)


def test_facts_stand_in_training_json(trained: Trained) -> None:
    _, run, manifest, said = trained
    facts = read_json(run.stage("train") / "training.json")
    assert facts == manifest.facts
    assert facts["steps"] == facts["best_step"] == 14 and not facts["stopped_early"]
    assert facts["epochs"] == pytest.approx(14 / 6, abs=1e-3)
    assert 0 < facts["trained_tokens"] < facts["total_tokens"] < facts["tokens_seen"]
    assert facts["trained_share"] == pytest.approx(facts["trained_tokens"] / facts["total_tokens"], abs=1e-4)
    assert facts["device"] in ("cpu", "cuda", "mps") and len(facts["base_digest"]) == 64
    assert facts["lora"] == {
        "lora_r": 4,
        "lora_alpha": 8,
        "lora_dropout": 0.0,
        "rslora": False,
        "dora": False,
        "target_modules": "all-linear",
    }
    assert f"{100 * facts['trained_share']:.1f} % of them trained" in said
    assert "LoRA on 14 linear layers" in said


def test_the_adapter_loads_with_peft_and_is_the_best_checkpoint(trained: Trained, toy_base: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from medtune.train.quiet import library_warnings

    _, run, manifest, _ = trained
    folder = run.stage("train")
    with library_warnings():
        base = AutoModelForCausalLM.from_pretrained(toy_base)
        ids = torch.tensor([[4, 30, 31, 2, 5]])
        before = base(ids).logits.detach().clone()
        tuned = PeftModel.from_pretrained(base, folder / "adapter")
        assert (tuned(ids).logits - before).abs().max() > 0.01
    best = load_file(folder / "checkpoints" / f"checkpoint-{manifest.facts['best_step']}" / "adapter_model.safetensors")
    assert all(torch.equal(tensor, best[name]) for name, tensor in adapter(run).items())
    config = read_json(folder / "adapter" / "adapter_config.json")
    assert config["base_model_name_or_path"] == "toy"
    assert config["target_modules"] == sorted(config["target_modules"])


def test_no_path_of_this_machine_and_no_row_text_is_left(trained: Trained, toy_base: Path) -> None:
    _, run, _, _ = trained
    folder = run.stage("train")
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    assert {path.name for path in (folder / "adapter").iterdir()} == {
        "adapter_model.safetensors",
        "adapter_config.json",
    }
    assert len(files) > 8
    for path in files:
        content = path.read_bytes()
        assert str(toy_base).encode() not in content and str(run.path).encode() not in content, path
        assert b"medical term" not in content, path


def test_checkpoints_are_numbered_and_limited(trained: Trained) -> None:
    _, run, manifest, _ = trained
    names = sorted(path.name for path in (run.stage("train") / "checkpoints").iterdir())
    assert names == ["checkpoint-12", "checkpoint-14"]
    assert not any(entry.path.startswith(("checkpoints/", "tensorboard/")) for entry in manifest.files)


def test_a_finished_training_is_fresh_without_its_checkpoints(trained: Trained) -> None:
    view, run, _, _ = trained
    assert state_of(stage, view, run).fresh  # type: ignore[arg-type]


def test_the_plan_needs_no_torch_and_no_rows(tmp_path: Path, toy_base: Path) -> None:
    view = train_view(toy_base, tmp_path)
    lines = "\n".join(stage.plan(view, RunDir(tmp_path / "nothing")))
    assert "toy: LlamaForCausalLM" in lines and "6 steps; the rows are not prepared yet" in lines
    lines = "\n".join(stage.plan(train_view(tmp_path / "gone", tmp_path), RunDir(tmp_path / "nothing")))
    assert "does not exist" in lines
    view, run = prepared(tmp_path, toy_base)
    assert "24 rows, 6 steps" in "\n".join(stage.plan(view, run))
    code = "import sys, medtune.train.stage; print([name for name in ('torch', 'trl') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_console_stays_quiet(tmp_path: Path, toy_base: Path, capfd: pytest.CaptureFixture[str]) -> None:
    view, run = prepared(tmp_path, toy_base, max_steps=2)
    manifest = stage.run(view, run)
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.strip()[:7] for line in err.splitlines()] == [
        "24 rows",
        "LoRA on",
        "train: ",
    ]
    assert manifest.warnings == ()


def test_the_same_seed_gives_the_same_adapter(tmp_path: Path, toy_base: Path) -> None:
    runs = []
    for name in ("one", "two"):
        view, run = (
            prepared(tmp_path / name, toy_base, max_steps=4, lora_dropout=0.1) if mkdir(tmp_path / name) else None
        )
        stage.run(view, run)
        runs.append(run)
    assert all(torch.equal(tensor, adapter(runs[1])[name]) for name, tensor in adapter(runs[0]).items())


def mkdir(path: Path) -> bool:
    path.mkdir()
    return True


def test_accumulation_changes_nothing_but_memory(tmp_path: Path, toy_base: Path) -> None:
    """With 8 rows every optimiser step sees all of them, in one batch or in four."""
    runs = []
    for name, batch, times in (("whole", 8, 1), ("parts", 2, 4)):
        mkdir(tmp_path / name)
        view, run = prepared(
            tmp_path / name, toy_base, rows=8, max_steps=5, batch_size=batch, gradient_accumulation_steps=times
        )
        stage.run(view, run)
        runs.append(run)
    assert_same_training(*runs)


def test_early_stopping_keeps_the_best(tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = importlib.import_module("medtune.train.engines.trl_trainer")
    losses = iter([3.0, 2.0, 2.5, 2.4, 1.0])

    def evaluate(self: Any, *_: Any, **__: Any) -> dict[str, float]:
        found = {"eval_loss": next(losses)}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, found)
        return found

    monkeypatch.setattr(trainer.RowTrainer, "evaluate", evaluate)
    view, run = prepared(tmp_path, toy_base, max_steps=30, eval_every_steps=2, early_stopping_patience=2)
    facts = stage.run(view, run).facts
    assert (facts["steps"], facts["best_step"], facts["best_validation_loss"]) == (8, 4, 2.0)
    assert facts["stopped_early"] and facts["planned_steps"] == 30
    best = load_file(run.stage("train") / "checkpoints" / "checkpoint-4" / "adapter_model.safetensors")
    assert all(torch.equal(tensor, best[name]) for name, tensor in adapter(run).items())


def test_without_validation_rows_the_last_step_counts(tmp_path: Path, toy_base: Path) -> None:
    view, run = prepared(tmp_path, toy_base, validation=0, max_steps=3)
    manifest = stage.run(view, run)
    assert manifest.facts["best_step"] == 3 and manifest.facts["best_validation_loss"] is None
    assert "no validation rows" in manifest.warnings[0]


def test_long_rows_are_refused_before_the_first_step(tmp_path: Path, toy_base: Path) -> None:
    view, run = prepared(tmp_path, toy_base, max_seq_length=64)
    with pytest.raises(DataError, match=r"longer than train\.max_seq_length = 64") as raised:
        stage.run(view, run)
    assert "row-3 (" in str(raised.value.where)
    assert not (run.partial("train") / "metrics.jsonl").exists()


def test_too_few_rows_for_a_batch(tmp_path: Path, toy_base: Path) -> None:
    view, run = prepared(tmp_path, toy_base, rows=3)
    with pytest.raises(DataError, match="3 training rows do not fill one batch of 4"):
        stage.run(view, run)


def test_a_target_that_matches_nothing_stops_before_the_first_step(tmp_path: Path, toy_base: Path) -> None:
    view, run = prepared(tmp_path, toy_base, target_modules=["query_key_value"])
    with pytest.raises(ModelError, match="query_key_value match no linear layer"):
        stage.run(view, run)


def test_a_loss_that_is_no_number_is_explained(tmp_path: Path, toy_base: Path) -> None:
    view, run = prepared(tmp_path, toy_base, learning_rate=1e38, warmup_ratio=0.0, max_steps=8)
    with pytest.raises(MedtuneError, match="the loss is no number any more") as raised:
        stage.run(view, run)
    assert "lower train.learning_rate (it is 1e+38)" in raised.value.next_step
    assert "row-" in str(raised.value.where) and "medical term" not in str(raised.value)
    assert not run.stage("train").exists()


def test_a_full_disk_while_saving_says_so_and_the_next_run_goes_on(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = importlib.import_module("medtune.train.engines.trl_trainer")
    recorder = importlib.import_module("medtune.train.recorder")
    view, run = prepared(tmp_path, toy_base, max_steps=6, save_every_steps=2, eval_every_steps=6)
    save = trainer.SFTTrainer._save_checkpoint

    def full(self: Any, model: Any, trial: Any) -> None:
        save(self, model, trial)
        if self.state.global_step == 4:
            raise RuntimeError("PytorchStreamWriter failed writing file data/7")

    with monkeypatch.context() as patch, pytest.raises(ResourceError, match="the disk is full"):
        patch.setattr(trainer.SFTTrainer, "_save_checkpoint", full)
        patch.setattr(recorder.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
        stage.run(view, run)
    facts = stage.run(view, run).facts
    assert facts["steps"] == 6
    assert [point.step for point in metrics(run) if point.kind == "train"] == [1, 2, 3, 4, 5, 6]


@contextlib.contextmanager
def killed_at(step: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the training from inside, after a step."""

    class Bar:
        done = 0

        def advance(self, n: int = 1, **_: Any) -> None:
            self.done += n
            if self.done == step:
                raise Killed

    with patch.context() as inner, pytest.raises(Killed):
        inner.setattr(finetune, "progress", lambda _total, _label: contextlib.nullcontext(Bar()))
        yield


@pytest.mark.parametrize(
    "train",
    [
        {"lora_dropout": 0.2, "eval_every_steps": 3, "save_every_steps": 4},
        {"gradient_accumulation_steps": 2, "batch_size": 5, "eval_every_steps": 4, "save_every_steps": 5},
    ],
    ids=["dropout", "accumulation"],
)
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch, train: dict[str, Any]
) -> None:
    mkdir(tmp_path / "whole"), mkdir(tmp_path / "cut")
    view, whole = prepared(tmp_path / "whole", toy_base, max_steps=17, **train)
    stage.run(view, whole)
    view, cut = prepared(tmp_path / "cut", toy_base, max_steps=17, **train)
    for step in (2, 6, 8):  # before the first checkpoint; then counted from where it goes on
        with killed_at(step, monkeypatch):
            stage.run(view, cut)
    assert not cut.stage("train").exists()
    stage.run(view, cut)
    assert_same_training(whole, cut)


def test_a_half_written_checkpoint_is_not_continued_from(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir(tmp_path / "whole"), mkdir(tmp_path / "cut")
    view, whole = prepared(tmp_path / "whole", toy_base, max_steps=9, save_every_steps=3)
    stage.run(view, whole)
    view, cut = prepared(tmp_path / "cut", toy_base, max_steps=9, save_every_steps=3)
    with killed_at(8, monkeypatch):
        stage.run(view, cut)
    newest = cut.partial("train") / "checkpoints" / "checkpoint-6"
    (newest / "whole.json").unlink()
    (newest / "optimizer.pt").write_bytes((newest / "optimizer.pt").read_bytes()[:100])
    stage.run(view, cut)
    assert_same_training(whole, cut)


def test_other_settings_do_not_continue_old_checkpoints(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, run = prepared(tmp_path, toy_base, max_steps=9, save_every_steps=3)
    with killed_at(8, monkeypatch):
        stage.run(view, run)
    again = train_view(toy_base, tmp_path, max_steps=4, save_every_steps=3)
    assert stage.run(again, run).facts["tokens_seen"] < 9 * 4 * 100
    assert [point.step for point in metrics(run) if point.kind == "train"] == [1, 2, 3, 4]


def test_events_hold_no_row_text(trained: Trained) -> None:
    _, run, _, _ = trained
    lines = [json.loads(line) for line in run.file("events.jsonl").read_text().splitlines()]
    assert {"started", "finished"} <= {line["what"] for line in lines if line["stage"] == "train"}
