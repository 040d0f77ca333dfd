"""The merge of every family's true architecture, and of layers as large as a 7B model's, against PEFT's own."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from families import FAMILY_NAMES
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from medtune.core.io import write_json
from medtune.export.adapter import Delta, read_adapter
from medtune.export.merge import merge
from medtune.export.merge_plan import MergeOp
from medtune.export.merge_weights import SLICE_WEIGHTS, merged_slices
from medtune.export.weights import TensorEntry, Weights, read_head, read_weights


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


@pytest.mark.parametrize(
    ("name", "dora"),
    [
        pytest.param(name, dora, id=f"{'dora' if dora else 'lora'}-{name}", marks=[pytest.mark.slow] * slow)
        for name in FAMILY_NAMES
        for dora in (False, True)
        for slow in [dora and name != "tiny"]
    ],
)
def test_bit_equal_to_peft_in_float32_rounded_once(
    family_model: Callable[[str], Path], tmp_path: Path, name: str, dora: bool
) -> None:
    base = family_model(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        tuned = get_peft_model(model, LoraConfig(r=4, lora_alpha=10, target_modules="all-linear", use_dora=dora))
        torch.manual_seed(5)
        for key, weight in tuned.named_parameters():
            if "lora_" in key:
                torch.nn.init.normal_(weight, mean=1.0 if "magnitude" in key else 0.0, std=0.1)
        tuned.save_pretrained(tmp_path / "adapter")
        tuned.merge_and_unload().save_pretrained(tmp_path / "wanted")
    weights = read_weights(base)
    plan = merge(weights, read_adapter(tmp_path / "adapter"), tmp_path / "merged")
    adapted = {key.partition(".lora_")[0] for key in read_names(tmp_path / "adapter" / "adapter_model.safetensors")}
    assert plan.merged == len(adapted) > 0
    wanted, found, before = tensors_of(tmp_path / "wanted"), tensors_of(tmp_path / "merged"), tensors_of(base)
    assert found.keys() == before.keys() >= wanted.keys()
    left_out = before.keys() - wanted.keys()  # Gemma 3n: transformers does not load keys and values of sharing layers
    assert all(name == "gemma3n" and ".self_attn." in key for key in left_out)
    changed = 0
    for key, tensor in found.items():
        expected = before[key] if key in left_out else wanted[key].to(before[key].dtype)
        assert torch.equal(tensor, expected), key
        changed += not torch.equal(tensor, before[key])
    assert changed == plan.merged


def read_names(file: Path) -> list[str]:
    return [entry.name for entry in read_head(file)[1]]


SHAPES_7B = {
    "q_proj": (4096, 4096),
    "k_proj": (1024, 4096),
    "gate_proj": (14336, 4096),
    "down_proj": (4096, 14336),
    "qkv_proj": (9216, 3072),
    "lm_head": (32000, 4096),
}


@pytest.mark.parametrize("layer", ["k_proj", *(pytest.param(key, marks=pytest.mark.slow) for key in SHAPES_7B)])
def test_single_layers_of_a_7b_model_are_bit_equal_in_slices(tmp_path: Path, layer: str) -> None:
    """PEFT's own layer on the whole tensor against ours in slices of different sizes."""
    from peft.tuners.lora.layer import Linear

    rows, columns = SHAPES_7B[layer]
    generator = torch.Generator().manual_seed(1)
    base = (torch.randn(rows, columns, generator=generator) * 0.02).bfloat16()
    save_file({"x.weight": base}, tmp_path / "model.safetensors")
    a, b = torch.randn(16, columns, generator=generator) * 0.02, torch.randn(rows, 16, generator=generator) * 0.02
    save_file({"a": a, "b": b}, tmp_path / "adapter.safetensors")
    plain = torch.nn.Linear(columns, rows, bias=False)
    plain.weight.data = base.float()
    module = Linear(plain, "default", LoraConfig(r=16, lora_alpha=32), r=16, lora_alpha=32)
    module.lora_A["default"].weight.data, module.lora_B["default"].weight.data = a, b
    module.merge()
    wanted = plain.weight.data.bfloat16()
    entries = {entry.name: entry for file in ("model", "adapter") for entry in heads(tmp_path / f"{file}.safetensors")}
    delta = Delta("x", a=entries["a"], b=entries["b"], scale=2.0, embedding=False, transposed=False)
    op = MergeOp("x.weight", "BF16", entries["x.weight"], delta=delta)
    for slice_weights in (SLICE_WEIGHTS, 1 << 20, 1 << 24, rows * columns):
        found = torch.cat(list(merged_slices(tmp_path, tmp_path, op, slice_weights)))
        assert torch.equal(found, wanted), slice_weights


def heads(file: Path) -> tuple[TensorEntry, ...]:
    return read_head(file)[1]


def test_a_tensor_larger_than_a_slice_is_never_held_whole(tmp_path: Path) -> None:
    """The slices that the merge of an embedding goes through are as small as asked for."""
    rows, columns = 5000, 64
    save_file({"e.weight": torch.randn(rows, columns).bfloat16()}, tmp_path / "model.safetensors")
    halves = {"a": torch.randn(4, rows), "b": torch.randn(columns, 4)}
    save_file(halves, tmp_path / "adapter.safetensors")
    entries = {entry.name: entry for file in ("model", "adapter") for entry in heads(tmp_path / f"{file}.safetensors")}
    delta = Delta("e", a=entries["a"], b=entries["b"], scale=0.5, embedding=True, transposed=True)
    op = MergeOp("e.weight", "BF16", entries["e.weight"], delta=delta)
    parts = list(merged_slices(tmp_path, tmp_path, op, 128 * columns))
    assert [len(part) for part in parts] == [128] * 39 + [8]
    whole = load_file(tmp_path / "model.safetensors")["e.weight"].float() + (halves["b"] @ halves["a"]).T * 0.5
    assert torch.equal(torch.cat(parts), whole.bfloat16())


def test_shards_keep_their_tensors(family_model: Callable[[str], Path], tmp_path: Path) -> None:
    """A base in several files stays in those files, whichever of them an update is for."""
    base = tmp_path / "base"
    tensors = tensors_of(family_model("tiny"))
    names = sorted(tensors)
    base.mkdir()
    files = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, held in files.items():
        save_file({name: tensors[name] for name in held}, base / file, metadata={"format": "pt"})
    index = {name: file for file, held in files.items() for name in held}
    write_json(base / "model.safetensors.index.json", {"weight_map": index})
    write_json(base / "config.json", {"tie_word_embeddings": True})
    weights = read_weights(base)
    adapter = write_lora(tmp_path / "adapter", weights)
    merge(weights, read_adapter(adapter), tmp_path / "merged")
    merged = read_weights(tmp_path / "merged")
    assert {name: entry.file for name, entry in merged.tensors.items()} == index


def write_lora(folder: Path, weights: Weights, rank: int = 2, **config: Any) -> Path:
    folder.mkdir()
    tensors = {}
    for name, entry in weights.tensors.items():
        if len(entry.shape) == 2 and "layers" in name:
            module = f"base_model.model.{name.removesuffix('.weight')}"
            tensors[f"{module}.lora_A.weight"] = torch.randn(rank, entry.shape[1])
            tensors[f"{module}.lora_B.weight"] = torch.randn(entry.shape[0], rank)
    save_file(tensors, folder / "adapter_model.safetensors")
    write_json(folder / "adapter_config.json", {"peft_type": "LORA", "r": rank, "lora_alpha": 2, **config})
    return folder
