"""Adapters that carry more than low-rank matrices: saved modules, trained tokens, added tokens, biases."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from exportrun import write_adapter, write_base
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from medtune.core.errors import ModelError
from medtune.core.io import read_json, write_json
from medtune.export.adapter import read_adapter
from medtune.export.merge import merge
from medtune.export.weights import read_weights

SMALL: dict[str, Any] = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2,
    "num_key_value_heads": 1, "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 1,
}  # fmt: skip


def write_model(folder: Path, *, tied: bool, biased: bool = False) -> Path:
    torch.manual_seed(3)
    model = (
        Qwen2ForCausalLM(Qwen2Config(**SMALL, tie_word_embeddings=tied))
        if biased
        else LlamaForCausalLM(LlamaConfig(**SMALL, tie_word_embeddings=tied))
    )
    model.save_pretrained(folder)
    return folder


def tuned_on(base: Path, adapter: Path, *, vocabulary: int | None = None, **config: Any) -> PeftModel:
    """A float32 PEFT model whose trainable weights are random, saved as training saves it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        if vocabulary:
            torch.manual_seed(4)
            model.resize_token_embeddings(vocabulary)
        tuned = get_peft_model(model, LoraConfig(**{"r": 4, "lora_alpha": 10, "target_modules": ["q_proj"], **config}))
        torch.manual_seed(5)
        for weight in tuned.parameters():
            if weight.requires_grad:
                torch.nn.init.normal_(weight, std=0.1)
        tuned.save_pretrained(adapter)
    return tuned.eval()


def merged_model(base: Path, adapter: Path, out: Path) -> Any:
    merge(read_weights(base), read_adapter(adapter), out)
    return AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()


def unloaded(tuned: PeftModel) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuned.merge_and_unload().eval()


def assert_same(found: Any, wanted: Any, vocabulary: int = 96) -> None:
    """Equal tensors, and equal answers: a tied output layer is no tensor of its own."""
    ids = torch.arange(vocabulary).reshape(1, -1)
    with torch.no_grad():
        assert torch.equal(found(input_ids=ids).logits, wanted(input_ids=ids).logits)
    state = found.state_dict()
    for name, tensor in wanted.state_dict().items():
        assert torch.equal(state[name], tensor), name


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize(
    "config",
    [
        {"modules_to_save": ["lm_head"]},
        {"modules_to_save": ["embed_tokens", "lm_head"]},
        {"modules_to_save": ["norm"]},
        {"trainable_token_indices": [3, 90, 7]},
        {"trainable_token_indices": {"embed_tokens": [5]}},
    ],
    ids=["head", "embedding-and-head", "norm", "tokens", "named-tokens"],
)
def test_equals_peft(tmp_path: Path, config: dict[str, Any], tied: bool) -> None:
    base = write_model(tmp_path / "base", tied=tied)
    tuned = tuned_on(base, tmp_path / "adapter", **config)
    assert_same(merged_model(base, tmp_path / "adapter", tmp_path / "merged"), unloaded(tuned))


def test_saved_copies_that_training_kept_alike_stay_tied(tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", tied=True)
    tuned = tuned_on(base, tmp_path / "adapter", modules_to_save=["embed_tokens", "lm_head"], ensure_weight_tying=True)
    found = merged_model(base, tmp_path / "adapter", tmp_path / "merged")
    assert "lm_head.weight" not in read_weights(tmp_path / "merged").tensors
    assert read_json(tmp_path / "merged" / "config.json")["tie_word_embeddings"] is True
    assert_same(found, unloaded(tuned))


@pytest.mark.parametrize("bias", ["all", "lora_only"])
def test_trained_biases_equal_peft(tmp_path: Path, bias: str) -> None:
    base = write_model(tmp_path / "base", tied=False, biased=True)
    tuned = tuned_on(base, tmp_path / "adapter", bias=bias, target_modules=["q_proj", "v_proj"])
    assert_same(merged_model(base, tmp_path / "adapter", tmp_path / "merged"), unloaded(tuned))


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_dora_on_embeddings_equals_peft(tmp_path: Path, tied: bool) -> None:
    base = write_model(tmp_path / "base", tied=tied)
    tuned = tuned_on(base, tmp_path / "adapter", use_dora=True, target_modules=["q_proj", "embed_tokens"])
    wanted = unloaded(tuned).model.embed_tokens.weight
    found = merged_model(base, tmp_path / "adapter", tmp_path / "merged").model.embed_tokens.weight
    assert torch.equal(found, wanted)


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_added_tokens_come_with_their_embeddings_and_tokenizer(tmp_path: Path, tied: bool) -> None:
    base, adapter = write_model(tmp_path / "base", tied=tied), tmp_path / "adapter"
    write_json(base / "tokenizer_config.json", {"model_max_length": 5})
    tuned = tuned_on(base, adapter, vocabulary=100, modules_to_save=["embed_tokens", "lm_head"])
    with pytest.raises(ModelError, match=r"100 token embeddings.*no tokenizer"):
        merged_model(base, adapter, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    write_json(adapter / "tokenizer_config.json", {"model_max_length": 6})
    assert_same(merged_model(base, adapter, tmp_path / "merged"), unloaded(tuned), 100)
    assert read_json(tmp_path / "merged" / "config.json")["vocab_size"] == 100
    assert read_json(tmp_path / "merged" / "tokenizer_config.json") == {"model_max_length": 6}


def test_a_resized_embedding_that_was_only_copied_counts(tmp_path: Path) -> None:
    """PEFT saves resized embeddings whole, as copies of what it froze, when nothing of them was trained."""
    base, adapter = write_model(tmp_path / "base", tied=False), tmp_path / "adapter"
    tuned = tuned_on(base, adapter, vocabulary=104)
    assert "base_model.model.model.embed_tokens.weight" in load_file(adapter / "adapter_model.safetensors")
    write_json(adapter / "tokenizer_config.json", {})
    assert_same(merged_model(base, adapter, tmp_path / "merged"), unloaded(tuned), 104)


def test_trained_rows_outside_of_the_embedding_are_an_error(tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", tied=True)
    tuned_on(base, tmp_path / "adapter", trainable_token_indices=[3])
    config = read_json(tmp_path / "adapter" / "adapter_config.json")
    write_json(tmp_path / "adapter" / "adapter_config.json", {**config, "trainable_token_indices": [96]})
    with pytest.raises(ModelError, match="the base has the shape"):
        merged_model(base, tmp_path / "adapter", tmp_path / "merged")
    write_json(tmp_path / "adapter" / "adapter_config.json", {**config, "trainable_token_indices": [3, 4]})
    with pytest.raises(ModelError, match="do not fit `trainable_token_indices`"):
        read_adapter(tmp_path / "adapter")


@pytest.mark.parametrize(
    ("memory", "disk"),
    [
        ("model.language_model.layers.0", "language_model.model.layers.0"),
        ("model.layers.0", "model.language_model.layers.0"),
    ],
)
def test_names_in_memory_may_differ_from_those_on_disk_in_wrappers(tmp_path: Path, memory: str, disk: str) -> None:
    base = write_base(tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter", base)
    tensors = load_file(base / "model.safetensors")
    wanted = merged_tensors(base, adapter, tmp_path / "plain")
    save_file({name.replace("model.layers.0", disk): tensor for name, tensor in tensors.items()},
              base / "model.safetensors", metadata={"format": "pt"})  # fmt: skip
    halves = load_file(adapter / "adapter_model.safetensors")
    save_file({name.replace("model.layers.0", memory): tensor for name, tensor in halves.items()},
              adapter / "adapter_model.safetensors", metadata={"format": "pt"})  # fmt: skip
    found = merged_tensors(base, adapter, tmp_path / "renamed")
    assert all(torch.equal(found[name.replace("model.layers.0", disk)], tensor) for name, tensor in wanted.items())


def merged_tensors(base: Path, adapter: Path, out: Path) -> dict[str, torch.Tensor]:
    merge(read_weights(base), read_adapter(adapter), out)
    return load_file(out / "model.safetensors")
