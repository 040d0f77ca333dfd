"""What a model is made of, as far as memory and time depend on it: from config.json and the heads of safetensors."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from medtune.chat.base import BaseInfo
from medtune.chat.config_file import read_config

_HEADS = ("lm_head.weight", "embed_out.weight")
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")


@dataclass(frozen=True)
class LinearShape:
    """Linear layers of one kind: y (out) = W (out, in) x (in), `count` of them in the model."""

    name: str
    """Last part of the module's name, e.g. `q_proj`."""
    outputs: int
    inputs: int
    count: int

    @property
    def weights(self) -> int:
        """Weights of all of them."""
        return self.outputs * self.inputs * self.count


@dataclass(frozen=True)
class Kept:
    """What a compiled block keeps for its backward pass, for each token.

    Counted on small models of each class with saved-tensor hooks (tests/train/test_memory_compiled.py).
    """

    hidden: int = 4
    """Block input, after attention, and the norm of each."""
    query: int = 2
    """Rotated query, the attention's output."""
    kv: int = 2
    """Rotated key, value."""
    inner: float = 3
    """Gate, up, and their product."""
    streams: int = 1
    """Copies of the hidden states that run beside one another."""


# Norms of query and key keep the joint product of q, k and v as well.
_KEPT = {
    "qwen3": Kept(4, 3, 4),
    "gemma3_text": Kept(5, 3, 4),
    # Where gates are sparse (the first 10 of 35 layers), those before the choice are kept as well.
    "gemma3n_text": Kept(17, 3, 4, 3.3, 4),
}
"""By `model_type`; others keep what Llama does."""


@dataclass(frozen=True)
class ModelShape:
    """Sizes of a decoder. `hidden` H, `intermediate` I, `query` and `kv`: width of all query and all key heads."""

    layers: int
    hidden: int
    intermediate: int
    query: int
    kv: int
    vocab: int
    """Rows of the output layer."""
    linears: tuple[LinearShape, ...]
    """Inside the blocks: what LoRA adapts and quantization stores in fewer bits."""
    other: int
    """All other weights: embeddings, an output layer of its own, norms."""
    tied: bool
    """The output layer uses the input embedding."""
    plain_logits: bool = True
    """False when logits are capped or scaled: then they cannot be made in pieces."""
    kept: Kept = Kept()

    @property
    def linear_weights(self) -> int:
        """Weights of all linear layers inside the blocks."""
        return sum(linear.weights for linear in self.linears)

    @property
    def parameters(self) -> int:
        """All weights, tied ones once."""
        return self.linear_weights + self.other

    def adapted(self, targets: tuple[str, ...] | str) -> tuple[LinearShape, ...]:
        """The linear layers that LoRA changes; `all-linear` or names."""
        if isinstance(targets, str):
            return self.linears
        return tuple(linear for linear in self.linears if linear.name in {name.rpartition(".")[2] for name in targets})


def read_shape(base: BaseInfo) -> ModelShape:
    """The shape of a base's folder; opens the heads of its weight files only."""
    tensors: dict[str, tuple[int, ...]] = {}
    for path in base.files:
        if path.suffix == ".safetensors":
            tensors |= tensor_shapes(path)
    return shape_of(read_config(base.folder), tensors)


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a safetensors file: 8 bytes with the head's length, then JSON."""
    with path.open("rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return {name: tuple(entry["shape"]) for name, entry in head.items() if name != "__metadata__"}


def shape_of(config: Mapping[str, Any], tensors: Mapping[str, tuple[int, ...]]) -> ModelShape:
    """A shape from a config.json and the shapes of all weights; towers for images and sound are not counted."""
    values = _text_config(config)
    tensors = {name: shape for name, shape in tensors.items() if not _is_tower(name)}
    kinds: Counter[tuple[str, int, int]] = Counter()
    other = 0
    for name, shape in tensors.items():
        if len(shape) == 2 and not name.endswith((*_HEADS, *_EMBEDDINGS)) and _in_block(name):
            kinds[(name.removesuffix(".weight").rpartition(".")[2], shape[0], shape[1])] += 1
        else:
            other += prod(shape)
    tied = bool(values.get("tie_word_embeddings", config.get("tie_word_embeddings", False)))
    sizes = {**_sizes(values), **_seen(tensors)}
    return ModelShape(
        layers=sizes["layers"],
        hidden=sizes["hidden"],
        intermediate=sizes["intermediate"],
        query=sizes["query"],
        kv=sizes["kv"],
        vocab=sizes["vocab"],
        linears=tuple(LinearShape(name, out, into, count) for (name, out, into), count in sorted(kinds.items())),
        other=other,
        tied=tied or not any(name.endswith(_HEADS) for name in tensors),
        plain_logits=not any(values.get(key) for key in ("final_logit_softcapping", "logit_scale", "logits_scaling")),
        kept=_KEPT.get(str(values.get("model_type")), Kept()),
    )


def shape_of_config(config: Mapping[str, Any]) -> ModelShape:
    """The shape of a model that lies nowhere, from its configuration alone: Llama's layers, and Gemma 3n's embeddings
    of each layer."""
    values = _text_config(config)
    sizes = _sizes(values)
    hidden, inner, layers = sizes["hidden"], sizes["intermediate"], sizes["layers"]
    linears = (
        LinearShape("q_proj", sizes["query"], hidden, layers),
        LinearShape("k_proj", sizes["kv"], hidden, layers),
        LinearShape("v_proj", sizes["kv"], hidden, layers),
        LinearShape("o_proj", hidden, sizes["query"], layers),
        LinearShape("gate_proj", inner, hidden, layers),
        LinearShape("up_proj", inner, hidden, layers),
        LinearShape("down_proj", hidden, inner, layers),
    )
    tied = bool(values.get("tie_word_embeddings", False))
    own = _first(values, "vocab_size_per_layer_input") * _first(values, "hidden_size_per_layer_input") * layers
    other = sizes["vocab"] * hidden * (1 if tied else 2) + (2 * layers + 1) * hidden + own
    return ModelShape(
        layers=layers,
        hidden=hidden,
        intermediate=inner,
        query=sizes["query"],
        kv=sizes["kv"],
        vocab=sizes["vocab"],
        linears=linears,
        other=other,
        tied=tied,
        plain_logits=not values.get("final_logit_softcapping"),
        kept=_KEPT.get(str(values.get("model_type")), Kept()),
    )


def _sizes(values: Mapping[str, Any]) -> dict[str, int]:
    hidden = _first(values, "hidden_size", "n_embd")
    heads = _first(values, "num_attention_heads", "n_head")
    width = int(values.get("head_dim") or hidden // max(heads, 1))
    inner = values.get("intermediate_size") or values.get("n_inner") or 4 * hidden
    return {
        "layers": _first(values, "num_hidden_layers", "n_layer"),
        "hidden": hidden,
        "intermediate": max(inner) if isinstance(inner, list) else int(inner),  # gemma3n: one for each layer
        "query": heads * width,
        "kv": int(values.get("num_key_value_heads") or heads) * width,
        "vocab": _first(values, "vocab_size"),
    }


def _seen(tensors: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Sizes that the weights tell: a config.json may leave them to the class, as that of Gemma 3 4B does."""
    ends = {"query": (".q_proj.weight",), "kv": (".k_proj.weight",), "vocab": _EMBEDDINGS}
    found = {key: [shape[0] for name, shape in tensors.items() if name.endswith(end)] for key, end in ends.items()}
    return {key: max(rows) for key, rows in found.items() if rows}


def _first(values: Mapping[str, Any], *names: str) -> int:
    return next((int(values[name]) for name in names if values.get(name)), 0)


def _text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = config.get("text_config")
    return inner if isinstance(inner, dict) else config


def _is_tower(name: str) -> bool:
    return any(part in name for part in ("vision_tower", "audio_tower", "embed_vision", "embed_audio", "multi_modal"))


def _in_block(name: str) -> bool:
    """Blocks are numbered: `….layers.7.…`."""
    return any(part.isdigit() for part in name.split("."))
