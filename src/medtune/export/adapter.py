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
_KEY = re.compile(r"^(?P<module>.+)\.(?:(?P<linear>lora_[AB])\.weight|(?P<other>lora_embedding_[AB]))$")
_MAGNITUDE = re.compile(r"^(?P<module>.+)\.lora_magnitude_vector(?:\.weight)?$")
_TOKENS = ".token_adapter.trainable_tokens_delta"
_FROZEN = ".base_layer."
"""PEFT saves a copy of a frozen embedding beside its update; it differs from the base's when tokens were added."""
_MODULE_TO_SAVE = ".modules_to_save."
_NOT_MERGED = {
    "lora_bias": "a LoRA bias",
    "target_parameters": "adapted parameters",
    "layer_replication": "replicated layers",
    "alora_invocation_tokens": "an activated LoRA, which changes only some tokens",
    "arrow_config": "a router over several adapters",
}
_PLAIN_STARTS = (True, False, None, "gaussian", "orthogonal", "eva", "lora_ga")
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
    magnitude: TensorEntry | None = None
    """DoRA's length of each output's weights (Liu et al. 2024, arXiv 2402.09353)."""

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the update as the base stores the weight."""
        rows, columns = self.b.shape[0], self.a.shape[1]
        return (columns, rows) if self.transposed else (rows, columns)


@dataclass(frozen=True)
class TokenRows:
    """Rows of an embedding that were trained by themselves: `values` (len(indices), hidden)."""

    module: str
    indices: tuple[int, ...]
    values: TensorEntry


@dataclass(frozen=True)
class Adapter:
    """A checked adapter; everything in the order of names."""

    folder: Path
    deltas: tuple[Delta, ...]
    digest: str
    """sha256 over configuration and weights."""
    replaced: Mapping[str, TensorEntry]
    """Whole tensors that take the place of the base's, by tensor name: saved modules, trained biases, resized
    embeddings."""
    token_rows: tuple[TokenRows, ...] = ()
    tied_copies: bool = False
    """True when training kept the saved copies of embedding and output layer alike."""


def read_adapter(folder: Path) -> Adapter:
    """Read an adapter folder. Raises ModelError: files missing, not LoRA, halves without each other, wrong ranks."""
    config = _read_config(folder)
    _, entries = read_head(folder / WEIGHTS)
    halves: dict[str, dict[str, TensorEntry]] = {}
    replaced: dict[str, TensorEntry] = {}
    tokens: dict[str, TensorEntry] = {}
    for entry in entries:
        if not entry.name.startswith(_PREFIX):
            raise _unusable(folder / WEIGHTS, f"{entry.name} is no part of a LoRA adapter")
        name = entry.name.removeprefix(_PREFIX)
        if match := _KEY.match(name):
            halves.setdefault(match["module"], {})[match["linear"] or match["other"]] = entry
        elif match := _MAGNITUDE.match(name):
            halves.setdefault(match["module"], {})["magnitude"] = entry
        elif name.endswith(_TOKENS):
            tokens[name.removesuffix(_TOKENS)] = entry
        elif name.endswith((".weight", ".bias")) and "lora_" not in name:
            replaced[_plain_name(name)] = entry
        else:
            raise _unusable(folder / WEIGHTS, f"{entry.name} is no LoRA matrix that can be merged")
    if not halves and not tokens and all(is_copy(entry) for entry in replaced.values()):
        raise _unusable(folder / WEIGHTS, "it holds no matrices")
    _check_saved(folder, config, replaced)
    deltas = tuple(_delta(folder, config, module, halves[module]) for module in sorted(halves))
    rows = tuple(_token_rows(folder, config, module, tokens[module]) for module in sorted(tokens))
    digest = digest_json({name: sha256_file(folder / name) for name in (CONFIG, WEIGHTS)})
    alike = bool(config.get("ensure_weight_tying"))
    return Adapter(folder, deltas, digest, dict(sorted(replaced.items())), rows, alike)


def is_copy(entry: TensorEntry) -> bool:
    """Is this a copy of a frozen tensor that PEFT saved beside an update? Only another shape makes it count."""
    return _FROZEN in entry.name and entry.name.endswith(".weight")


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


def _plain_name(name: str) -> str:
    """The base's name of a saved tensor: without the names of PEFT's wrappers."""
    before, wrapped, after = name.partition(_MODULE_TO_SAVE)
    if wrapped:
        name = f"{before}.{after.partition('.')[2] if after.count('.') else after}"
    return name.replace(_FROZEN, ".").replace(".original_module.", ".")


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = read_json(folder / CONFIG)
    except DataError as error:
        raise _unusable(folder / CONFIG, error.what) from None
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise _unusable(folder / CONFIG, "it is no LoRA adapter")
    for key, what in _NOT_MERGED.items():
        if config.get(key):
            raise _unusable(folder / CONFIG, f"{what} (`{key}`) cannot be merged")
    if config.get("init_lora_weights", True) not in _PLAIN_STARTS:
        raise _unusable(folder / CONFIG, f"it began as {config['init_lora_weights']}, which changes the base weights")
    if not isinstance(config.get("r"), int) or not isinstance(config.get("lora_alpha"), int | float):
        raise _unusable(folder / CONFIG, "it says no r and lora_alpha")
    return config


def _delta(folder: Path, config: dict[str, Any], module: str, parts: dict[str, TensorEntry]) -> Delta:
    embedding = "lora_embedding_A" in parts or "lora_embedding_B" in parts
    names = ("lora_embedding_A", "lora_embedding_B") if embedding else ("lora_A", "lora_B")
    magnitude = parts.get("magnitude")
    if set(parts) - {"magnitude"} != set(names):
        raise _unusable(folder / WEIGHTS, f"{module} has {', '.join(sorted(parts))}, not {' and '.join(names)}")
    if bool(config.get("use_dora")) != (magnitude is not None):
        raise _unusable(folder / WEIGHTS, f"{module} and `use_dora` do not agree about DoRA's magnitudes")
    a, b = parts[names[0]], parts[names[1]]
    rank, scale = scale_of(config, module)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[0] != rank or b.shape[1] != rank:
        raise _unusable(folder / WEIGHTS, f"{module}: A {a.shape} and B {b.shape} do not fit the rank {rank}")
    if magnitude is not None and math.prod(magnitude.shape) != b.shape[0]:
        raise _unusable(folder / WEIGHTS, f"{module}: {magnitude.shape} magnitudes for {b.shape[0]} outputs")
    transposed = embedding or bool(config.get("fan_in_fan_out"))
    return Delta(module, a=a, b=b, scale=scale, embedding=embedding, transposed=transposed, magnitude=magnitude)


def _check_saved(folder: Path, config: dict[str, Any], replaced: Mapping[str, TensorEntry]) -> None:
    """Raises ModelError when a module that was trained as a whole is missing."""
    for module in config.get("modules_to_save") or ():
        if not any(re.search(rf"(^|\.){re.escape(module)}\.[^.]+$", name) for name in replaced):
            raise _unusable(folder / WEIGHTS, f"{module} (`modules_to_save`) was not saved")


def _token_rows(folder: Path, config: dict[str, Any], module: str, values: TensorEntry) -> TokenRows:
    """Indices of trained token embeddings: one list, or one for each module's last name."""
    named = config.get("trainable_token_indices")
    if isinstance(named, dict):
        named = next((found for key, found in named.items() if module == key or module.endswith(f".{key}")), None)
    if not isinstance(named, list) or len(values.shape) != 2 or len(named) != values.shape[0]:
        raise _unusable(folder / WEIGHTS, f"{module}: the trained rows do not fit `trainable_token_indices`")
    return TokenRows(module, tuple(int(index) for index in named), values)


def _unusable(path: Path, why: str) -> ModelError:
    return ModelError(
        f"this adapter cannot be merged: {why}",
        where=str(path),
        next_step="train again: `medtune run RECIPE --from train`",
    )
