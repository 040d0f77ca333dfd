"""The merge against PEFT's own, on tiny random Llamas: bit for bit, for every kind of adapter that is accepted."""

import json
import math
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from exportrun import write_adapter, write_base
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from medtune.core.errors import ModelError
from medtune.core.io import read_json, write_json
from medtune.export.adapter import read_adapter, scale_of
from medtune.export.merge import merge
from medtune.export.merge_plan import plan_merge
from medtune.export.weights import read_weights


def write_llama(folder: Path, *, tied: bool, dtype: torch.dtype = torch.bfloat16, shard: str = "1GB") -> Path:
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, tie_word_embeddings=tied, bos_token_id=None, eos_token_id=2, pad_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).to(dtype).save_pretrained(folder, max_shard_size=shard)
    return folder


def peft_on(base: Path, adapter: Path, **config: Any) -> PeftModel:
    """A PEFT model on the float32 base with random matrices; the adapter is saved as training saves it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        tuned = get_peft_model(model, LoraConfig(**{"r": 4, "lora_alpha": 10, **config}))
        torch.manual_seed(5)
        for name, weight in tuned.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(weight, std=0.1)
        tuned.save_pretrained(adapter)
    return tuned


def run_merge(base: Path, adapter: Path, out: Path) -> dict[str, torch.Tensor]:
    merge(read_weights(base), read_adapter(adapter), out)
    return {name: tensor for file in out.glob("*.safetensors") for name, tensor in load_file(file).items()}


LINEAR: dict[str, Any] = {"target_modules": "all-linear"}


@pytest.mark.parametrize(
    ("settings", "dtype", "shard"),
    [
        (LINEAR, torch.bfloat16, "1GB"),
        (LINEAR, torch.float16, "1GB"),
        (LINEAR, torch.float32, "1GB"),
        (LINEAR, torch.bfloat16, "6KB"),
        ({**LINEAR, "use_rslora": True}, torch.bfloat16, "1GB"),
        ({"target_modules": ["q_proj", "down_proj"]}, torch.bfloat16, "1GB"),
        (
            {**LINEAR, "rank_pattern": {"q_proj": 8, r"layers\.1\..*\.up_proj": 2}, "alpha_pattern": {"v_proj": 3}},
            torch.bfloat16,
            "1GB",
        ),
        ({**LINEAR, "use_dora": True}, torch.bfloat16, "1GB"),
        ({**LINEAR, "use_dora": True, "use_rslora": True}, torch.float32, "6KB"),
    ],
    ids=["bf16", "f16", "f32", "sharded", "rslora", "few-modules", "patterns", "dora", "dora-rslora"],
)
def test_equals_peft_in_float32_rounded_once(
    tmp_path: Path, settings: dict[str, Any], dtype: torch.dtype, shard: str
) -> None:
    base = write_llama(tmp_path / "base", tied=True, dtype=dtype, shard=shard)
    tuned = peft_on(base, tmp_path / "adapter", **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = tuned.merge_and_unload().state_dict()
    merged = run_merge(base, tmp_path / "adapter", tmp_path / "merged")
    before = read_weights(base).tensors
    assert merged.keys() == before.keys()
    for name, tensor in merged.items():
        assert tensor.dtype == dtype
        assert torch.equal(tensor, wanted[name].to(dtype)), name
    assert (len(list(base.glob("*.safetensors"))) > 1) == (shard == "6KB")
    assert {path.name for path in base.iterdir()} == {path.name for path in (tmp_path / "merged").iterdir()}


def test_what_the_adapter_leaves_alone_is_copied_byte_by_byte(tmp_path: Path) -> None:
    base = write_llama(tmp_path / "base", tied=True)
    odd = load_file(base / "model.safetensors")
    odd["model.norm.weight"] = torch.full((32,), float("nan"), dtype=torch.bfloat16)
    save_file(odd, base / "model.safetensors", metadata={"format": "pt"})
    peft_on(base, tmp_path / "adapter", target_modules=["q_proj"])
    merged = run_merge(base, tmp_path / "adapter", tmp_path / "merged")
    for name, tensor in odd.items():
        same = torch.equal(merged[name].view(torch.uint8), tensor.view(torch.uint8))
        assert same != name.endswith("q_proj.weight"), name


@pytest.mark.parametrize("module", ["lm_head", "embed_tokens"])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_adapted_embeddings_answer_as_the_peft_model_does(tmp_path: Path, module: str, tied: bool) -> None:
    base = write_llama(tmp_path / "base", tied=tied, dtype=torch.float32)
    tuned = peft_on(base, tmp_path / "adapter", target_modules=["q_proj", module]).eval()
    run_merge(base, tmp_path / "adapter", tmp_path / "merged")
    assert read_json(tmp_path / "merged" / "config.json")["tie_word_embeddings"] is False
    alone = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype=torch.float32).eval()
    ids = torch.arange(40).reshape(2, 20)
    with torch.no_grad():
        wanted, found = tuned(input_ids=ids).logits, alone(input_ids=ids).logits
        plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()(input_ids=ids).logits
    assert torch.allclose(wanted, found, atol=1e-4)
    assert not torch.allclose(wanted, plain, atol=1e-2)


def test_an_update_without_its_weights_is_an_error(tmp_path: Path) -> None:
    base = write_llama(tmp_path / "base", tied=True)
    peft_on(base, tmp_path / "adapter", **LINEAR)
    tensors = dict(read_weights(base).tensors)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    with pytest.raises(ModelError, match=r"1 of the adapter's 14 updates .* model.layers.1.mlp.up_proj.weight"):
        plan_merge(tensors, read_adapter(tmp_path / "adapter").deltas, tied=True, embedding="model.embed_tokens")


def test_an_adapter_of_another_shape_is_an_error(tmp_path: Path) -> None:
    small = write_llama(tmp_path / "small", tied=True)
    write_adapter(tmp_path / "adapter", write_base(tmp_path / "other"))
    with pytest.raises(ModelError, match="the base has the shape"):
        merge(read_weights(small), read_adapter(tmp_path / "adapter"), tmp_path / "merged")
    assert not (tmp_path / "merged").exists() and not (tmp_path / "merged.partial").exists()


def test_values_that_the_type_cannot_hold_are_an_error(tmp_path: Path) -> None:
    base = write_llama(tmp_path / "base", tied=True, dtype=torch.float16)
    peft_on(base, tmp_path / "adapter", target_modules=["q_proj"], lora_alpha=10_000_000)
    with pytest.raises(ModelError, match="values that F16 cannot"):
        merge(read_weights(base), read_adapter(tmp_path / "adapter"), tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"use_dora": True}, "do not agree about DoRA"),
        ({"lora_bias": True}, "LoRA bias"),
        ({"target_parameters": ["experts.down_proj"]}, "adapted parameters"),
        ({"modules_to_save": ["lm_head"]}, "`modules_to_save`. was not saved"),
        ({"init_lora_weights": "pissa_niter_4"}, "changes the base weights"),
        ({"peft_type": "LOHA"}, "no LoRA adapter"),
        ({"r": 5}, "do not fit the rank 5"),
        ({"r": None}, "no r and lora_alpha"),
    ],
)
def test_adapters_that_would_be_merged_wrongly_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    write_adapter(tmp_path / "adapter", write_base(tmp_path / "base"), **changes)
    with pytest.raises(ModelError, match=words):
        read_adapter(tmp_path / "adapter")


def test_half_an_update_and_unknown_keys_are_refused(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter", write_base(tmp_path / "base"))
    tensors = load_file(folder / "adapter_model.safetensors")
    half = {name: tensor for name, tensor in tensors.items() if not name.endswith("layers.0.mlp.up_proj.lora_B.weight")}
    save_file(half, folder / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="has lora_A, not lora_A and lora_B"):
        read_adapter(folder)
    save_file({**tensors, "base_model.model.lm_head.ia3_l": torch.ones(2, 2)}, folder / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="no LoRA matrix"):
        read_adapter(folder)
    save_file({"base_model.model.x.base_layer.weight": torch.ones(2, 2)}, folder / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="no matrices"):
        read_adapter(folder)


def test_scales() -> None:
    plain = {"r": 16, "lora_alpha": 32, "rank_pattern": {"q_proj": 4}, "alpha_pattern": {"layers.1.mlp.up_proj": 8}}
    assert scale_of(plain, "model.layers.0.self_attn.v_proj") == (16, 2.0)
    assert scale_of(plain, "model.layers.0.self_attn.q_proj") == (4, 8.0)
    assert scale_of(plain, "model.layers.1.mlp.up_proj") == (16, 0.5)
    assert scale_of({**plain, "use_rslora": True}, "model.x") == (16, 32 / math.sqrt(16))


def test_planning_imports_nothing_heavy(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter", base)
    code = (
        "import sys, json\nfrom pathlib import Path\n"
        "import medtune.export.stage, medtune.ask.stage\n"
        "from medtune.export.adapter import read_adapter\nfrom medtune.export.merge_plan import plan_merge\n"
        "from medtune.export.weights import read_weights\n"
        f"weights = read_weights(Path({str(base)!r}))\n"
        f"plan = plan_merge(weights.tensors, read_adapter(Path({str(adapter)!r})).deltas, tied=True, embedding='x')\n"
        "print(json.dumps([plan.merged, sorted({'torch', 'transformers', 'numpy'} & sys.modules.keys())]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [14, []]


def test_the_tokenizer_goes_along(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    write_json(base / "generation_config.json", {"eos_token_id": 6})
    (base / "notes.txt").write_text("not needed", encoding="utf-8")
    run_merge(base, write_adapter(tmp_path / "adapter", base), tmp_path / "merged")
    names = {"tokenizer.model", "tokenizer_config.json", "generation_config.json", "config.json"}
    for name in names:
        assert (tmp_path / "merged" / name).read_bytes() == (base / name).read_bytes()
    assert {path.name for path in (tmp_path / "merged").iterdir()} == {*names, "model.safetensors"}
