"""Adapters of a quantized base: both candidate bases are measured against the trained model, the nearer is taken."""

import warnings
from pathlib import Path

import pytest
import torch
from exportrun import LINEAR, view, write_base, write_run
from exportrun import recipe_of as toy_recipe
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from medtune.chat.frozen import Storage, as_stored
from medtune.core.errors import ModelError
from medtune.core.io import read_json, write_json
from medtune.export import candidates
from medtune.export.adapter import read_adapter
from medtune.export.candidates import ScoredChat, linear_modules, mean_kl, merge_nearest
from medtune.export.merge import merge
from medtune.export.trained import read_trained
from medtune.export.weights import read_weights
from medtune.runs.layout import ADAPTER, TRAINING

CHATS = [ScoredChat(tuple(range(3, 40)), (False,) * 10 + (True,) * 27)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("candidates") / "base")


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter as PEFT saves it: small beside what rounding to four bits does to the base."""
    folder = tmp_path_factory.mktemp("adapter") / "adapter"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        tuned = get_peft_model(model, LoraConfig(r=4, lora_alpha=4, target_modules="all-linear"))
        torch.manual_seed(2)
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.02)
        tuned.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("storage", ["nf4", "fp8"])
def test_the_base_that_was_seen_is_nearer_and_taken(
    base: Path, adapter: Path, tmp_path: Path, storage: Storage
) -> None:
    weights = read_weights(base)
    measured = merge_nearest(weights, read_adapter(adapter), tmp_path / "merged", storage=storage, chats=CHATS)
    assert measured.taken == "dequantized" and measured.tokens == 27
    assert 0 <= measured.kl["dequantized"] < measured.kl["16-bit"] / 3
    assert measured.facts(storage)["kl"] == measured.kl
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "merged"))
    for name, tensor in before.items():
        linear = name.removesuffix(".weight").endswith(LINEAR)
        assert torch.equal(after[name], tensor) != linear, name
    name = "model.layers.0.mlp.up_proj"
    halves = load_file(adapter / "adapter_model.safetensors")
    a, b = (halves[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
    wanted = (as_stored(before[f"{name}.weight"], storage) + b @ a).bfloat16()
    assert torch.equal(after[f"{name}.weight"], wanted)


def test_the_better_one_is_taken_whichever_it_is(
    base: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([0.1, 0.2])
    monkeypatch.setattr(candidates, "mean_kl", lambda reference, found: next(left))
    measured = merge_nearest(read_weights(base), read_adapter(adapter), tmp_path / "merged", storage="nf4", chats=CHATS)
    assert measured.taken == "16-bit" and measured.kl == {"16-bit": 0.1, "dequantized": 0.2}
    merge(read_weights(base), read_adapter(adapter), tmp_path / "plain")
    plain, found = (load_file(tmp_path / name / "model.safetensors") for name in ("plain", "merged"))
    assert all(torch.equal(found[name], tensor) for name, tensor in plain.items())


def test_without_held_out_chats_nothing_can_be_said(base: Path, adapter: Path, tmp_path: Path) -> None:
    for chats in ([], [ScoredChat((3, 4), (True, False))]):
        with pytest.raises(ModelError, match="no held-out chat"):
            merge_nearest(read_weights(base), read_adapter(adapter), tmp_path / "merged", storage="nf4", chats=chats)
    assert list(tmp_path.iterdir()) == []


def test_no_more_tokens_than_fit_are_compared() -> None:
    chats = [ScoredChat(tuple(range(400)), (True,) * 400)] * 3
    found = list(candidates._first_tokens(chats, 500))
    assert [sum(chat.scored) for chat in found] == [399, 101]
    assert found[1].scored[1] and not found[1].scored[0] and not found[1].scored[-1]


def test_kl_is_that_of_the_formula() -> None:
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    wanted = 0.5 * torch.log(torch.tensor(2.0)) + 0.5 * torch.log(torch.tensor(2 / 3))
    assert mean_kl([p.log()], [q.log()]) == pytest.approx(float(wanted), abs=1e-6)
    assert mean_kl([p.log(), q.log()], [p.log(), q.log()]) == 0


def test_the_output_layer_and_embeddings_are_not_held_rounded(base: Path) -> None:
    modules = linear_modules(base)
    assert len(modules) == 14 and all(name.endswith(LINEAR) for name in modules)


@pytest.mark.parametrize(
    ("training", "storage"),
    [
        ({}, None), ({"method": "lora"}, None), ({"method": "qlora"}, "nf4"), ({"plan": {"method": "fp8"}}, "fp8"),
        ({"method": "full"}, None),
    ],
)  # fmt: skip
def test_training_says_how_the_base_was_held(
    base: Path, adapter: Path, tmp_path: Path, training: dict[str, object], storage: str | None
) -> None:
    from medtune.chat import resolve_base
    from medtune.config.recipe import LocalBase

    info = resolve_base(LocalBase(path=str(base)), Path)
    write_json(tmp_path / TRAINING, {"base_digest": info.digest, **training})
    assert read_trained(adapter, tmp_path / TRAINING, info).storage == storage


@pytest.mark.slow
def test_a_run_of_a_quantized_training_records_both(tmp_path: Path, adapter: Path) -> None:
    import shutil

    from medtune.export import stage
    from medtune.runs.manifest import read_manifest

    recipe = toy_recipe(write_base(tmp_path / "base"), export={"quantizations": ["Q8_0"]})
    run = write_run(tmp_path / "run", recipe)
    folder = run.stage("train")
    shutil.rmtree(folder / ADAPTER)
    shutil.copytree(adapter, folder / ADAPTER)
    write_json(folder / TRAINING, {**read_json(folder / TRAINING), "method": "qlora"})
    stage.run(view(recipe, "export", run.path), run)
    merge = read_manifest(run, "export").facts["merge"]
    assert merge == read_json(run.stage("export") / "merge.json")
    assert (merge["taken"], merge["storage"]) == ("dequantized", "nf4")
    assert set(merge["kl"]) == {"16-bit", "dequantized"}
