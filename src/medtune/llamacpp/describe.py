"""What is inside a GGUF file, as plain values: for people who were given one and want to know."""

import math
from pathlib import Path
from typing import Any

from medtune.llamacpp.gguf_info import GgufInfo, read_gguf

_TOKENS = "tokenizer.ggml.tokens"
_TEMPLATE = "tokenizer.chat_template"
_SHOWN_ITEMS = 16
"""Longer lists of the metadata are shown by their length."""


def describe_gguf(path: Path) -> dict[str, Any]:
    """Metadata, tokenizer, chat template and tensors of a file. Raises ModelError for one that is none, or cut off."""
    info = read_gguf(path, arrays=True)
    metadata = info.metadata
    architecture = metadata.get("general.architecture")
    return {
        "file": path.name,
        "size_bytes": info.size_bytes,
        "architecture": architecture,
        "name": metadata.get("general.name"),
        "parameters": info.parameters,
        "bits_per_weight": round(info.bits_per_weight, 3),
        "context_length": metadata.get(f"{architecture}.context_length"),
        "tokenizer": _tokenizer(metadata),
        "chat_template": metadata.get(_TEMPLATE),
        "types": _types(info),
        "metadata": {key: _short(value) for key, value in metadata.items() if key != _TEMPLATE},
        "tensors": [
            {"name": one.name, "type": one.type, "shape": list(one.shape), "size_bytes": one.size_bytes}
            for one in info.tensors
        ],
    }


def _tokenizer(metadata: dict[str, Any]) -> dict[str, Any]:
    tokens = metadata.get(_TOKENS)
    tokens = tokens if isinstance(tokens, list) else []
    ids = {
        key.removeprefix("tokenizer.ggml.").removesuffix("_token_id"): value
        for key, value in metadata.items()
        if key.startswith("tokenizer.ggml.") and key.endswith("_token_id") and isinstance(value, int)
    }
    return {
        "model": metadata.get("tokenizer.ggml.model"),
        "pre": metadata.get("tokenizer.ggml.pre"),
        "tokens": len(tokens),
        "adds_bos": metadata.get("tokenizer.ggml.add_bos_token"),
        "adds_eos": metadata.get("tokenizer.ggml.add_eos_token"),
        "special": {
            name: {"id": number, "text": tokens[number] if 0 <= number < len(tokens) else None}
            for name, number in sorted(ids.items())
        },
    }


def _types(info: GgufInfo) -> dict[str, dict[str, int]]:
    """Tensors and bytes of each type, the largest first."""
    sizes = info.bytes_by_type
    return {
        name: {"tensors": info.census[name], "size_bytes": sizes[name]}
        for name in sorted(sizes, key=lambda name: (-sizes[name], name))
    }


def _short(value: Any) -> Any:
    if isinstance(value, list) and len(value) > _SHOWN_ITEMS:
        return {"count": len(value)}
    if isinstance(value, float) and not math.isfinite(value):  # JSON has no such numbers
        return None
    return value
