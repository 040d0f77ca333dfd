"""Merge a LoRA adapter into its base, tensor by tensor: the model itself is never built.

merged = W + scale · (B @ A), computed in float32 and rounded once to the base's own type. What the adapter does not
change is copied byte by byte, so that a merged model differs from its base in nothing else.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from medtune.chat.weights import INDEX
from medtune.core.errors import ModelError
from medtune.core.io import disk_errors, read_json, write_json
from medtune.export.adapter import Adapter, Delta
from medtune.export.merge_plan import MergeOp, MergePlan, plan_merge
from medtune.export.weights import (
    NewTensor,
    TensorEntry,
    Weights,
    copy_tensor,
    read_tensor_bytes,
    write_safetensors,
)

if TYPE_CHECKING:
    import torch

CONFIG = "config.json"
_ALONG = (
    "generation_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)
"""Copied beside the merged weights; the converter reads tokenizer.model where there is one."""


def merge(weights: Weights, adapter: Adapter, out: Path, on_tensor: Callable[[], None] = lambda: None) -> MergePlan:
    """Write the merged model folder `out`, which is whole or absent. Calls `on_tensor` after each tensor.

    Raises ModelError (an update without its weights, values that the base's type cannot hold), ResourceError.
    """
    config = read_json(weights.folder / CONFIG)
    plan = plan_merge(weights.tensors, adapter.deltas, tied=is_tied(config), embedding=embedding_module(weights))
    partial = out.with_name(f"{out.name}.partial")
    with disk_errors(out):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            for file, ops in plan.files.items():
                new = [_new_tensor(weights.folder, adapter.folder, op, on_tensor) for op in ops]
                write_safetensors(partial / file, new, weights.metadata[file])
            if weights.sharded:
                write_json(partial / INDEX, _index(plan))
            for name in (CONFIG, *_ALONG):
                if (weights.folder / name).is_file():
                    shutil.copyfile(weights.folder / name, partial / name)
            if plan.untied:
                write_json(partial / CONFIG, {**config, "tie_word_embeddings": False})
            shutil.rmtree(out, ignore_errors=True)
            partial.rename(out)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return plan


def is_tied(config: Mapping[str, Any]) -> bool:
    """Does the output layer use the input embedding? The text model of a larger one may say so by itself."""
    inner = config.get("text_config")
    values = {**config, **inner} if isinstance(inner, dict) else config
    return bool(values.get("tie_word_embeddings", False))


def embedding_module(weights: Weights) -> str:
    """Name of the input embedding's module, e.g. model.embed_tokens; empty when there is none of a known name."""
    ends = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")
    names = sorted(name for name in weights.tensors if name.endswith(ends))
    return names[0].removesuffix(".weight") if names else ""


def merged_tensor(base: "torch.Tensor", a: "torch.Tensor", b: "torch.Tensor", delta: Delta) -> "torch.Tensor":
    """W + scale · B @ A in float32, rounded once. Shapes: base (out, in), a (r, in), b (out, r)."""
    update = b.float() @ a.float()
    if delta.transposed:
        update = update.T
    return (base.float() + update * delta.scale).to(base.dtype)


def _new_tensor(base: Path, adapter: Path, op: MergeOp, on_tensor: Callable[[], None]) -> NewTensor:
    inner = copy_tensor(base, op.source) if op.delta is None else _merge_pour(base, adapter, op, op.delta)

    def pour(file: BinaryIO) -> None:
        inner(file)
        on_tensor()

    return NewTensor(op.name, op.source.dtype, op.source.shape, op.source.size_bytes, pour)


def _merge_pour(base: Path, adapter: Path, op: MergeOp, delta: Delta) -> Callable[[BinaryIO], None]:
    def pour(file: BinaryIO) -> None:
        import torch

        a, b = load_tensor(adapter, delta.a), load_tensor(adapter, delta.b)
        merged = merged_tensor(load_tensor(base, op.source), a, b, delta)
        if not bool(torch.isfinite(merged).all()):
            raise ModelError(
                f"{op.name}: the merged weights hold values that {op.source.dtype} cannot",
                where=str(adapter),
                next_step="train with a lower learning rate, or use the base's BF16 release",
            )
        file.write(merged.contiguous().view(torch.uint8).numpy().data)

    return pour


def load_tensor(folder: Path, entry: TensorEntry) -> "torch.Tensor":
    """One tensor of a safetensors file, in its own type and shape."""
    import torch

    types = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
    if entry.dtype not in types:
        raise ModelError(
            f"{entry.name} is stored as {entry.dtype}", where=str(folder), next_step=f"store it as {', '.join(types)}"
        )
    data = bytearray(read_tensor_bytes(folder, entry))
    return torch.frombuffer(data, dtype=types[entry.dtype]).reshape(entry.shape)


def _index(plan: MergePlan) -> dict[str, Any]:
    ops = [(op, file) for file, ops in plan.files.items() for op in ops]
    return {
        "metadata": {"total_size": sum(op.source.size_bytes for op, _ in ops)},
        "weight_map": {op.name: file for op, file in sorted(ops, key=lambda pair: pair[0].name)},
    }
