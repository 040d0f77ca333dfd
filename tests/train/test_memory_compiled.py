"""What compiled decoder layers keep for their backward pass, byte for byte, against the planner's formula.

Which tensors are kept is decided before code for any device is made, so none is made here.
"""

import functools
from typing import Any

import pytest
import torch

from medtune.train.fast import attention
from medtune.train.fast.build import build
from medtune.train.fast.layers import decoder_layers, prepare
from medtune.train.fast.loss import PassLoss
from medtune.train.fast.passes import PassMaker
from medtune.train.model import head_name, linear_layers
from medtune.train.planner.memory import MemorySetting, predict_memory
from medtune.train.planner.shape import shape_of_config
from medtune.train.rows import TrainRow

# Of torch's compiler, about itself.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*leaf Tensor")]

TOKENS, RANK = 192, 4
SIZES: dict[str, Any] = {
    "vocab_size": 512, "hidden_size": 128, "intermediate_size": 1024, "num_hidden_layers": 4, "head_dim": 32,
    "num_attention_heads": 4, "num_key_value_heads": 1, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
CLASSES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", {}),
    "qwen3": ("Qwen3Config", {}),
    "gemma3": ("Gemma3TextConfig", {"query_pre_attn_scalar": 32, "sliding_window": 64}),
    "gemma3n": ("Gemma3nTextConfig", {
        "num_hidden_layers": 10, "num_kv_shared_layers": 4, "laurel_rank": 16, "sliding_window": 64,
        "vocab_size_per_layer_input": 512, "hidden_size_per_layer_input": 32,
        "activation_sparsity_pattern": [0.95] * 3 + [0.0] * 7,
    }),
}  # fmt: skip


def whole_attention(_module: Any, query: Any, key: Any, value: Any, _mask: Any = None, **given: Any) -> Any:
    """One row, as one call: the CPU's own way through several rows is not compiled. Values apart, as on a card."""
    out = torch.nn.functional.scaled_dot_product_attention(
        query, key, value.contiguous(), is_causal=True, scale=given.get("scaling"), enable_gqa=True
    )
    return out.transpose(1, 2), None


def kept_bytes(model: Any) -> int:
    """Bytes of all tensors of a pass's length that the layers keep; each storage once."""
    known = {value.untyped_storage().data_ptr() for value in (*model.parameters(), *model.buffers())}
    kept: list[torch.Tensor] = []  # held, so that no two have one address

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known and tensor.numel() >= 8 * TOKENS:
            known.add(storage.data_ptr())
            kept.append(tensor)
        return tensor

    for layer in decoder_layers(model):

        def call(*args: Any, inner: Any = layer.forward, **kwargs: Any) -> Any:
            with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
                return inner(*args, **kwargs)

        layer.forward = call
    row = TrainRow("0", tuple(5 + place % 400 for place in range(TOKENS)), (True,) * TOKENS)
    PassLoss(model)(PassMaker([row], longest=TOKENS, block=64, pinned=False).make([0]))
    return sum(tensor.untyped_storage().nbytes() for tensor in kept)


@pytest.mark.parametrize("name", CLASSES)
def test_what_compiled_layers_keep(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    torch._dynamo.reset()
    class_name, values = CLASSES[name]
    config = getattr(transformers, class_name)(**{**SIZES, **values})
    monkeypatch.setattr(attention, "packed_attention", whole_attention)
    attention.register()
    model = transformers.AutoModelForCausalLM.from_config(
        config, dtype=torch.bfloat16, attn_implementation=attention.NAME
    )
    shape = shape_of_config(config.to_dict())
    targets = tuple(linear.name for linear in shape.linears)
    layers = [one for one in linear_layers(model) if one != head_name(model) and one.endswith(targets)]
    build(model, layers, rank=RANK, scale=1.0, seed=0)
    model.train()
    model.get_input_embeddings().register_forward_hook(lambda _module, _args, out: out.requires_grad_(True))
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager_decomp_partition"))
    prepare(decoder_layers(model), compiled=True, checkpointing="none")
    found = kept_bytes(model)
    setting = MemorySetting("fast", "lora", "none", "bfloat16", TOKENS, lora_r=RANK)
    assert predict_memory(shape, setting).activations == pytest.approx(found, rel=0.06)
    monkeypatch.undo()
    attention.register()
