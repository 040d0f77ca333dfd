"""Merge a LoRA adapter into its base, shard by shard: the model itself is never built.

What the adapter does not change is copied byte by byte, so that a merged model differs from its base in nothing else.
"""

import shutil
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, BinaryIO

from medtune.chat.base import tokenizer_files
from medtune.chat.dated import pinned_template
from medtune.chat.family import chat_template_text
from medtune.chat.frozen import Storage
from medtune.chat.weights import INDEX
from medtune.core.errors import ModelError
from medtune.core.io import disk_errors, read_json, write_json, write_text
from medtune.export.adapter import Adapter
from medtune.export.merge_plan import HEAD, MergeOp, MergePlan, plan_merge
from medtune.export.merge_weights import merge_pour
from medtune.export.weights import NewTensor, Weights, copy_tensor, same_bytes, write_safetensors

CONFIG = "config.json"
_BESIDE = (CONFIG, "generation_config.json", "preprocessor_config.json", "processor_config.json")


def plan_of(
    weights: Weights,
    adapter: Adapter,
    config: Mapping[str, Any],
    *,
    stored: AbstractSet[str] = frozenset(),
    storage: Storage | None = None,
) -> MergePlan:
    """What the merge of an adapter and a base would do. Arguments and errors as `plan_merge`."""
    embedding = embedding_module(weights)
    return plan_merge(
        weights.tensors,
        adapter.deltas,
        tied=is_tied(config),
        embedding=embedding,
        replaced=_without_same_head(adapter, embedding),
        token_rows=adapter.token_rows,
        tied_copies=adapter.tied_copies,
        stored=stored,
        storage=storage,
    )


def merge(
    weights: Weights,
    adapter: Adapter,
    out: Path,
    on_tensor: Callable[[], None] = lambda: None,
    *,
    stored: AbstractSet[str] = frozenset(),
    storage: Storage | None = None,
) -> MergePlan:
    """Write the merged model folder `out`, which is whole or absent. Calls `on_tensor` after each tensor.

    `stored` names modules whose base weights are first rounded to what a base held in `storage` has.
    Raises ModelError (an update without its weights, values that the base's type cannot hold, added tokens without
    their tokenizer), ResourceError.
    """
    config = read_json(weights.folder / CONFIG)
    plan = plan_of(weights, adapter, config, stored=stored, storage=storage)
    along = _along(weights.folder, adapter.folder, plan)
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
            for name, path in along.items():
                shutil.copyfile(path, partial / name)
            _pin_date(partial)
            if plan.untied or plan.vocabulary is not None:
                write_json(partial / CONFIG, _changed(config, plan))
            shutil.rmtree(out, ignore_errors=True)
            partial.rename(out)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return plan


def adapter_files(folder: Path) -> dict[str, Path]:
    """Tokenizer and template files that were saved with an adapter: it was trained with these."""
    return {path.name: path for path in tokenizer_files(folder)}


def is_tied(config: Mapping[str, Any]) -> bool:
    """May the output layer be the input embedding? The text model of a larger one may say so by itself.

    A config.json that does not say leaves it to the class; then the weights tell, which lack an output layer.
    """
    inner = config.get("text_config")
    values = {**config, **inner} if isinstance(inner, dict) else config
    return bool(values.get("tie_word_embeddings", True))


def embedding_module(weights: Weights) -> str:
    """Name of the input embedding's module, e.g. model.embed_tokens; empty when there is none of a known name."""
    ends = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")
    names = sorted(name for name in weights.tensors if name.endswith(ends))
    return names[0].removesuffix(".weight") if names else ""


def _without_same_head(adapter: Adapter, embedding: str) -> dict[str, Any]:
    """Saved tensors without an output layer that is the saved embedding byte for byte: those two are tied."""
    replaced = dict(adapter.replaced)
    last = embedding.rpartition(".")[2]
    shared = [entry for name, entry in replaced.items() if last and name.endswith(f"{last}.weight")]
    if HEAD in replaced and len(shared) == 1 and same_bytes(adapter.folder, shared[0], replaced[HEAD]):
        replaced[HEAD] = shared[0]
    return replaced


def _along(base: Path, adapter: Path, plan: MergePlan) -> dict[str, Path]:
    """Files beside the weights, by name: the base's, and over them the tokenizer's that were saved with the adapter.

    The converter reads tokenizer.model where there is one. Raises ModelError for added tokens without a tokenizer.
    """
    own = adapter_files(adapter)
    if plan.vocabulary is not None and not own:
        raise ModelError(
            f"the adapter has {plan.vocabulary} token embeddings, more than the base, and no tokenizer that knows them",
            where=str(adapter),
            next_step="save the tokenizer with the added tokens into the adapter's folder",
        )
    beside = {name: base / name for name in _BESIDE if (base / name).is_file()}
    return {**beside, **{path.name: path for path in tokenizer_files(base)}, **own}


def _changed(config: Mapping[str, Any], plan: MergePlan) -> dict[str, Any]:
    """The configuration with what the merge changed."""
    changes: dict[str, Any] = {"tie_word_embeddings": False} if plan.untied else {}
    inner = config.get("text_config")
    if isinstance(inner, dict):
        if "tie_word_embeddings" in inner and plan.untied:
            inner = {**inner, "tie_word_embeddings": False}
        if plan.vocabulary is not None:
            inner = {**inner, "vocab_size": plan.vocabulary}
        changes["text_config"] = inner
    if plan.vocabulary is not None and ("vocab_size" in config or not isinstance(inner, dict)):
        changes["vocab_size"] = plan.vocabulary
    return {**config, **changes}


def _new_tensor(base: Path, adapter: Path, op: MergeOp, on_tensor: Callable[[], None]) -> NewTensor:
    inner = merge_pour(base, adapter, op) if op.changed else copy_tensor(base, op.source)

    def pour(file: BinaryIO) -> None:
        inner(file)
        on_tensor()

    return NewTensor(op.name, op.dtype, op.shape, op.size_bytes, pour)


def _index(plan: MergePlan) -> dict[str, Any]:
    ops = [(op, file) for file, ops in plan.files.items() for op in ops]
    return {
        "metadata": {"total_size": sum(op.size_bytes for op, _ in ops)},
        "weight_map": {op.name: file for op, file in sorted(ops, key=lambda pair: pair[0].name)},
    }


def _pin_date(folder: Path) -> None:
    """The template that training rendered with, where it is not the folder's own one (`chat.dated`)."""
    try:
        own = chat_template_text(folder)
    except ModelError:
        return
    if (pinned := pinned_template(own)) != own:
        write_text(folder / "chat_template.jinja", pinned)
