"""Every method and variant trains on a CPU, resumes, and loads with the library that users have."""

import contextlib
import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from trainrun import train_view, write_prepared

from medtune.config.recipe import RecipeView
from medtune.core.errors import ModelError, ResourceError
from medtune.core.io import read_json
from medtune.runs.layout import RunDir
from medtune.runs.records.base import read_rows
from medtune.runs.records.train import Metric
from medtune.train import finetune, stage
from medtune.train.engines import trl_trainer
from medtune.train.quiet import library_warnings


def prepared(
    folder: Path, base: Path, *, rows: int = 24, validation: int = 4, **train: Any
) -> tuple[RecipeView, RunDir]:
    folder.mkdir(exist_ok=True)
    view = train_view(base, folder, **train)
    run = RunDir(folder / "run")
    run.path.mkdir()
    write_prepared(run, view, rows=rows, validation=validation)
    return view, run


def trained(folder: Path, base: Path, **train: Any) -> tuple[RunDir, dict[str, Any]]:
    view, run = prepared(folder, base, **train)
    return run, dict(stage.run(view, run).facts)


def losses(run: RunDir, kind: str = "train") -> list[float]:
    return [point.loss for point in read_rows(run.stage("train") / "metrics.jsonl", Metric) if point.kind == kind]


def weights(run: RunDir) -> dict[str, torch.Tensor]:
    files = sorted((run.stage("train") / "adapter").glob("*.safetensors"))
    return {name: tensor for file in files for name, tensor in load_file(file).items()}


VARIANTS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "full": {"method": "full", "learning_rate": 1e-3},
    "neftune": {"neftune_noise_alpha": 5.0},
    "checkpointing": {"checkpointing": "full"},
    "bfloat16": {"dtype": "bfloat16"},
}


@pytest.mark.parametrize("name", ["rslora", "dora", "neftune", "bfloat16"])
def test_variants_learn_and_say_what_they_are(tmp_path: Path, toy_base: Path, name: str) -> None:
    run, facts = trained(
        tmp_path / "one", toy_base, max_steps=12, eval_every_steps=1, learning_rate=8e-3, **VARIANTS[name]
    )
    validation = losses(run, "validation")
    assert validation[-1] < validation[0] - 0.02
    assert facts["method"] == "lora" and facts["plan"]["engine"] == "trl"
    assert facts["lora"]["rslora"] == (name == "rslora") and facts["lora"]["dora"] == (name == "dora")


@pytest.mark.parametrize("name", ["lora", "rslora", "dora"])
def test_the_adapter_loads_unchanged_with_peft(tmp_path: Path, toy_base: Path, name: str) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    run, _ = trained(tmp_path / "one", toy_base, max_steps=4, learning_rate=3e-2, **VARIANTS[name])
    folder = run.stage("train") / "adapter"
    with library_warnings():
        base = AutoModelForCausalLM.from_pretrained(toy_base)
        tuned = PeftModel.from_pretrained(base, folder)
        found = {key: value for key, value in tuned.state_dict().items() if "lora_" in key}
    saved = {key.replace(".weight", ".default.weight").replace("_vector", "_vector.default.weight")
             if "magnitude" in key else key.replace(".weight", ".default.weight"): value
             for key, value in load_file(folder / "adapter_model.safetensors").items()}  # fmt: skip
    assert saved.keys() == found.keys()
    assert all(torch.equal(value, found[key]) for key, value in saved.items())
    config = tuned.peft_config["default"]
    assert (config.use_rslora, config.use_dora) == (name == "rslora", name == "dora")


def test_lora_weights_on_a_four_bit_base_stay_float32(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRL makes them bfloat16, which float16 training (older cards) then fails on: it looks at this flag alone."""
    start = trl_trainer.SFTTrainer.__init__

    def flagged(self: Any, *args: Any, model: Any, **kwargs: Any) -> None:
        model.is_loaded_in_4bit = True
        start(self, *args, model=model, **kwargs)
        assert torch.bfloat16 in {weight.dtype for weight in model.parameters() if weight.requires_grad}
        model.is_loaded_in_4bit = False

    monkeypatch.setattr(trl_trainer.SFTTrainer, "__init__", flagged)
    run, _ = trained(tmp_path / "one", toy_base, max_steps=3)
    assert {value.dtype for value in weights(run).values()} == {torch.float32}


def test_full_fine_tuning_trains_all_weights_and_leaves_a_model_folder(tmp_path: Path, toy_base: Path) -> None:
    from transformers import AutoModelForCausalLM

    run, facts = trained(tmp_path / "one", toy_base, max_steps=8, **VARIANTS["full"])
    assert losses(run)[-1] < losses(run)[0]
    folder = run.stage("train") / "adapter"
    assert {path.name for path in folder.iterdir()} >= {"model.safetensors", "config.json"}
    with library_warnings():
        before = dict(AutoModelForCausalLM.from_pretrained(toy_base).named_parameters())
        after = dict(AutoModelForCausalLM.from_pretrained(folder).named_parameters())
    assert before.keys() == after.keys()
    assert all(not torch.equal(before[name], after[name]) for name in before)
    assert facts["method"] == "full" and facts["lora"] is None
    assert facts["trainable_parameters"] == sum(value.numel() for value in after.values())
    assert str(toy_base).encode() not in (folder / "config.json").read_bytes()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_checkpointing_changes_memory_and_no_result(tmp_path: Path, toy_base: Path, method: str) -> None:
    runs = [
        trained(tmp_path / kind, toy_base, max_steps=4, method=method, checkpointing=kind)[0]
        for kind in ("none", "full")
    ]
    expected, found = weights(runs[0]), weights(runs[1])
    assert all((expected[name] - found[name]).abs().max() <= 1e-5 for name in expected)


@pytest.mark.parametrize(
    "scheduler", ["linear", "constant", "cosine_with_restarts", "cosine_with_min_lr", "polynomial", "inverse_sqrt"]
)
def test_schedules_rise_and_then_do_as_they_are_named(tmp_path: Path, toy_base: Path, scheduler: str) -> None:
    run, _ = trained(
        tmp_path / "one", toy_base, validation=0, max_steps=10, lr_scheduler=scheduler, warmup_steps=2, lr_cycles=2,
        learning_rate=1e-3, min_lr_ratio=0.5,
    )  # fmt: skip
    rates = [float(point.learning_rate or 0) for point in read_rows(run.stage("train") / "metrics.jsonl", Metric)]
    assert rates[0] == 0.0 and rates[2] == pytest.approx(1e-3)
    falls = [after < before for before, after in itertools.pairwise(rates[2:])]
    assert all(falls) if scheduler in ("linear", "polynomial", "inverse_sqrt", "cosine_with_min_lr") else True
    if scheduler == "constant":
        assert rates[2:] == pytest.approx([1e-3] * 8)
    if scheduler == "cosine_with_restarts":
        assert not all(falls) and max(rates[5:]) == pytest.approx(1e-3)
    if scheduler == "cosine_with_min_lr":
        assert rates[-1] > 0.5e-3


class Killed(BaseException):
    """Stands for the end of the process."""


@contextlib.contextmanager
def killed_at(step: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    class Bar:
        done = 0

        def advance(self, n: int = 1, **_: Any) -> None:
            self.done += n
            if self.done == step:
                raise Killed

    with patch.context() as inner, pytest.raises(Killed):
        inner.setattr(finetune, "progress", lambda _total, _label: contextlib.nullcontext(Bar()))
        yield


@pytest.mark.parametrize("name", ["full", "dora", "checkpointing"])
def test_every_method_resumes_exactly(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    train = {"max_steps": 9, "save_every_steps": 4, "eval_every_steps": 3, **VARIANTS[name]}
    whole, _ = trained(tmp_path / "whole", toy_base, **train)
    view, cut = prepared(tmp_path / "cut", toy_base, **train)
    with killed_at(7, monkeypatch):
        stage.run(view, cut)
    stage.run(view, cut)
    for kind in ("train", "validation"):
        assert losses(cut, kind) == pytest.approx(losses(whole, kind), abs=1e-4)
    expected, found = weights(whole), weights(cut)
    assert all((expected[key] - found[key]).abs().max() <= 1e-5 for key in expected)


def out_of_memory_over(patch: pytest.MonkeyPatch, limit: int, seen: list[list[int]]) -> None:
    """Let passes of more than `limit` rows fail in the middle of the backward pass, as a card would."""
    pass_of = trl_trainer.SFTTrainer.training_step

    def training_step(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        rows = [int(row) for row in inputs["rows"]]
        loss = pass_of(self, model, inputs, *args, **kwargs)  # gradients are there already: they must be forgotten
        if len(rows) > limit:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        seen.append(rows)
        return loss

    patch.setattr(trl_trainer.SFTTrainer, "training_step", training_step)


@pytest.mark.parametrize("limit", [3, 1])
def test_out_of_memory_halves_the_pass_and_neither_loses_nor_doubles_a_step(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    whole, _ = trained(tmp_path / "whole", toy_base, max_steps=6, batch_size=4, gradient_accumulation_steps=2)
    seen: list[list[int]] = []
    with monkeypatch.context() as patch:
        out_of_memory_over(patch, limit, seen)
        cut, facts = trained(tmp_path / "cut", toy_base, max_steps=6, batch_size=4, gradient_accumulation_steps=2)
    assert losses(cut) == pytest.approx(losses(whole), abs=1e-5)
    expected, found = weights(whole), weights(cut)
    assert all((expected[key] - found[key]).abs().max() <= 1e-5 for key in expected)
    assert facts["final_micro_batch"] == (2 if limit == 3 else 1) and facts["tokens_seen"] > 0
    rows = [row for passed in seen for row in passed]
    assert len(rows) >= 6 * 8 and max(len(passed) for passed in seen) <= limit


def test_memory_for_not_even_one_row_says_what_to_do(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, run = prepared(tmp_path / "one", toy_base, max_steps=3)
    out_of_memory_over(monkeypatch, 0, [])
    with pytest.raises(ResourceError, match=r"one row of [0-9]+ tokens does not fit") as raised:
        stage.run(view, run)
    assert "train.checkpointing to full" in raised.value.next_step and raised.value.where == "step 1"


def test_a_checkpoint_of_another_recipe_is_refused(
    tmp_path: Path, toy_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, run = prepared(tmp_path / "one", toy_base, max_steps=6, save_every_steps=2)
    with killed_at(5, monkeypatch):
        stage.run(view, run)
    marker = run.partial("train") / "checkpoints" / "checkpoint-4" / "whole.json"
    marker.write_text(marker.read_text().replace(read_json(marker)["fingerprint"], "0" * 64), encoding="utf-8")
    with pytest.raises(ModelError, match="the checkpoint of step 4 was made by another recipe") as raised:
        stage.run(view, run)
    assert "begin anew" in raised.value.next_step


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({"method": "qlora"}, "4-bit weights need an NVIDIA card"),
        ({"method": "fp8"}, "FP8"),
        ({"optimizer": "adamw_8bit"}, "adamw_8bit needs"),
        ({"engine": "unsloth"}, "pip install unsloth"),
        ({"dtype": "float16"}, "cannot train in float16"),
        ({"checkpointing": "selective"}, "no checkpointing selective"),
    ],
)
def test_what_this_machine_cannot_do_is_refused_before_the_first_step(
    tmp_path: Path, toy_base: Path, train: dict[str, Any], said: str
) -> None:
    if torch.cuda.is_available():
        pytest.skip("a card is there")
    view, run = prepared(tmp_path / "one", toy_base, **train)
    with pytest.raises(ModelError) as raised:
        stage.run(view, run)
    assert said in str(raised.value) and "set train." in raised.value.next_step
    assert not (run.partial("train") / "metrics.jsonl").exists()


def test_a_memory_limit_that_is_too_small_is_refused(tmp_path: Path, toy_base: Path) -> None:
    view, run = prepared(tmp_path / "one", toy_base, memory_limit_gib=0.1)
    with pytest.raises(ResourceError, match=r"does not fit: 0\.1 GiB"):
        stage.run(view, run)


def _has_card() -> bool:
    return torch.cuda.is_available() and importlib.util.find_spec("bitsandbytes") is not None


@pytest.mark.skipif(not _has_card(), reason="4-bit bases want an NVIDIA card and bitsandbytes")
@pytest.mark.parametrize("optimizer", ["adamw", "adamw_8bit", "paged_adamw_8bit"])
def test_qlora_and_8_bit_optimizers_on_a_card(tmp_path: Path, toy_base: Path, optimizer: str) -> None:
    run, facts = trained(
        tmp_path / "one", toy_base, max_steps=6, engine="trl", method="qlora", optimizer=optimizer, eval_every_steps=1
    )
    assert facts["method"] == "qlora" and losses(run, "validation")[-1] < losses(run, "validation")[0]
