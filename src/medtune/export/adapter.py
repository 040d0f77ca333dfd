"""A LoRA adapter in PEFT's layout: what it changes and by how much. Only heads are read here, no weights."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError, ModelError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import read_json
from medtune.export.weights import TensorEntry, read_head

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

_PREFIX = "base_model.model."
_KEY = re.compile(r"^(?P<module>.+)\.(?:(?P<linear>lora_[AB])\.weight|(?P<embedding>lora_embedding_[AB]))$")
_FROZEN = ".base_layer.weight"
"""PEFT saves a copy of a frozen embedding beside its update; the base has it already."""
_NOT_MERGED = {
    "use_dora": "DoRA",
    "lora_bias": "a LoRA bias",
    "modules_to_save": "whole saved modules",
    "target_parameters": "adapted parameters",
    "layer_replication": "replicated layers",
    "trainable_token_indices": "trained token embeddings",
}
_PLAIN_STARTS = (True, False, None, "gaussian", "orthogonal", "eva")
"""Ways to begin that leave the base as it is. PiSSA, OLoRA, CorDA and LoftQ change it, so W + BA would be wrong."""


@dataclass(frozen=True)
class Delta:
    """The low-rank update of one module: scale · B @ A, A (r, in), B (out, r); for an embedding its transpose."""

    module: str
    a: TensorEntry
    b: TensorEntry
    scale: float
    embedding: bool
    transposed: bool
    """True when the base stores this weight as (in, out)."""


@dataclass(frozen=True)
class Adapter:
    """A checked adapter: one Delta for each module, in the order of module names."""

    folder: Path
    deltas: tuple[Delta, ...]
    digest: str
    """sha256 over configuration and weights."""


def read_adapter(folder: Path) -> Adapter:
    """Read an adapter folder. Raises ModelError: files missing, not LoRA, halves without each other, wrong ranks."""
    config = _read_config(folder)
    _, entries = read_head(folder / WEIGHTS)
    halves: dict[str, dict[str, TensorEntry]] = {}
    for entry in entries:
        if entry.name.endswith(_FROZEN):
            continue
        match = _KEY.match(entry.name)
        if not match or not entry.name.startswith(_PREFIX):
            raise _unusable(folder / WEIGHTS, f"{entry.name} is no LoRA matrix that can be merged")
        module = match["module"].removeprefix(_PREFIX)
        halves.setdefault(module, {})[match["linear"] or match["embedding"]] = entry
    if not halves:
        raise _unusable(folder / WEIGHTS, "it holds no matrices")
    deltas = tuple(_delta(folder, config, module, halves[module]) for module in sorted(halves))
    digest = digest_json({name: sha256_file(folder / name) for name in (CONFIG, WEIGHTS)})
    return Adapter(folder, deltas, digest)


def scale_of(config: Mapping[str, Any], module: str) -> tuple[int, float]:
    """Rank and scale of a module: alpha / r, or alpha / sqrt(r) with rsLoRA (Kalajdzievski 2023, arXiv 2312.03732)."""
    rank = int(_by_pattern(config.get("rank_pattern"), module, config["r"]))
    alpha = float(_by_pattern(config.get("alpha_pattern"), module, config["lora_alpha"]))
    return rank, alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank


def _by_pattern(patterns: Any, module: str, default: Any) -> Any:
    """PEFT's rule: the first key that matches the end of the module's name, after a dot or at the start."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return default


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = read_json(folder / CONFIG)
    except DataError as error:
        raise _unusable(folder / CONFIG, error.what) from None
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise _unusable(folder / CONFIG, "it is no LoRA adapter")
    if config.get("bias", "none") != "none":
        raise _unusable(folder / CONFIG, "trained biases cannot be merged")
    for key, what in _NOT_MERGED.items():
        if config.get(key):
            raise _unusable(folder / CONFIG, f"{what} (`{key}`) cannot be merged")
    if config.get("init_lora_weights", True) not in _PLAIN_STARTS:
        raise _unusable(folder / CONFIG, f"it began as {config['init_lora_weights']}, which changes the base weights")
    if not isinstance(config.get("r"), int) or not isinstance(config.get("lora_alpha"), int | float):
        raise _unusable(folder / CONFIG, "it says no r and lora_alpha")
    return config


def _delta(folder: Path, config: dict[str, Any], module: str, halves: dict[str, TensorEntry]) -> Delta:
    embedding = "lora_embedding_A" in halves or "lora_embedding_B" in halves
    names = ("lora_embedding_A", "lora_embedding_B") if embedding else ("lora_A", "lora_B")
    if set(halves) != set(names):
        raise _unusable(folder / WEIGHTS, f"{module} has {', '.join(sorted(halves))}, not {' and '.join(names)}")
    a, b = halves[names[0]], halves[names[1]]
    rank, scale = scale_of(config, module)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[0] != rank or b.shape[1] != rank:
        raise _unusable(folder / WEIGHTS, f"{module}: A {a.shape} and B {b.shape} do not fit the rank {rank}")
    transposed = embedding or bool(config.get("fan_in_fan_out"))
    return Delta(module=module, a=a, b=b, scale=scale, embedding=embedding, transposed=transposed)


def _unusable(path: Path, why: str) -> ModelError:
    return ModelError(
        f"this adapter cannot be merged: {why}",
        where=str(path),
        next_step="train again: `medtune run RECIPE --from train`",
    )
