"""The forecast against numbers that were measured elsewhere, and against what a CPU training really saves."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medtune.chat.base import resolve_base
from medtune.train.planner.memory import MemorySetting, predict_memory, trained_weights
from medtune.train.planner.shape import ModelShape, read_shape, shape_of, shape_of_config

# PEFT and transformers warn each other of renamed attributes.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")

MISTRAL = {
    "vocab_size": 32768, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
}  # fmt: skip
GIB = 2**30


@pytest.fixture(scope="module")
def mistral() -> ModelShape:
    return shape_of_config(MISTRAL)


def setting(**values: Any) -> MemorySetting:
    start = MemorySetting("fast", "lora", "none", "bfloat16", 8192)
    return replace(start, **values)


@pytest.mark.parametrize(
    ("method", "tokens", "measured_gib"), [("lora", 8192, 49), ("fp8", 8192, 49), ("fp8", 16384, 84)]
)
def test_the_probes_of_the_design_notes(mistral: ModelShape, method: Any, tokens: int, measured_gib: float) -> None:
    forecast = predict_memory(mistral, setting(method=method, micro_tokens=tokens))
    assert forecast.allocated / GIB == pytest.approx(measured_gib, rel=0.05)


def test_weights_are_counted_exactly(toy_base: Any) -> None:
    tiny = read_shape(resolve_base("tiny", lambda _: toy_base))
    assert tiny.parameters == 9_965_824 and tiny.tied
    assert {linear.name for linear in tiny.linears} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(toy_base)
    shape = shape_of(model.config.to_dict(), {name: tuple(value.shape) for name, value in model.named_parameters()})
    assert shape.parameters == sum(value.numel() for value in model.parameters())
    assert shape.parameters == shape_of_config(model.config.to_dict()).parameters


def test_trained_weights_are_those_of_peft(toy_base: Any) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    for targets, dora in (("all-linear", False), (("q_proj", "down_proj"), True)):
        model = AutoModelForCausalLM.from_pretrained(toy_base)
        shape = shape_of_config(model.config.to_dict())
        names = targets if isinstance(targets, str) else list(targets)
        tuned = get_peft_model(model, LoraConfig(r=4, target_modules=names, use_dora=dora, task_type="CAUSAL_LM"))
        expected = sum(value.numel() for value in tuned.parameters() if value.requires_grad)
        assert trained_weights(shape, setting(lora_r=4, targets=targets, dora=dora)) == expected


def test_saved_activations_of_a_real_backward_pass() -> None:
    """Bytes that autograd really keeps on a CPU with merged LoRA layers, against the formula."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    from medtune.train.kernels.lora import use_merged_layers

    config = LlamaConfig(
        vocab_size=97, hidden_size=64, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16,
    )  # fmt: skip
    model = get_peft_model(
        LlamaForCausalLM(config), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    use_merged_layers(model)
    tokens, kept = 256, {}
    weights = {value.untyped_storage().data_ptr() for value in model.parameters()}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model.model.model(input_ids=torch.randint(0, 97, (1, tokens)), use_cache=False)
    forecast = predict_memory(
        shape_of_config(config.to_dict()),
        MemorySetting("trl", "lora", "none", "float32", tokens, lora_r=4, device="cpu"),
    )
    assert forecast.activations == pytest.approx(sum(kept.values()), rel=0.25)


TOKENS = st.integers(64, 1 << 18)


@given(tokens=TOKENS, more=st.integers(1, 4096), method=st.sampled_from(["lora", "qlora", "fp8", "full"]))
def test_more_tokens_never_take_less_and_checkpointing_never_more(tokens: int, more: int, method: Any) -> None:
    shape = shape_of_config(MISTRAL)
    one = setting(method=method, micro_tokens=tokens)
    sizes = [predict_memory(shape, replace(one, checkpointing=kind)).total for kind in ("none", "selective", "full")]
    assert sizes[0] >= sizes[1] >= sizes[2]
    assert predict_memory(shape, replace(one, micro_tokens=tokens + more)).total >= sizes[0]
    parts = predict_memory(shape, one).parts()
    assert parts.pop("total") == sum(parts.values())


def test_methods_are_ordered_as_everyone_knows(mistral: ModelShape) -> None:
    totals = {name: predict_memory(mistral, setting(method=name)).weights for name in ("qlora", "lora", "full")}
    assert totals["qlora"] < 0.3 * totals["lora"] < totals["lora"] < totals["full"]


def test_towers_of_a_multimodal_model_are_not_counted() -> None:
    tensors = {"model.vision_tower.layers.0.q.weight": (64, 64), "model.language_model.layers.0.q_proj.weight": (8, 8)}
    assert shape_of({"text_config": {**MISTRAL}}, tensors).parameters == 64
