"""Disk and memory of an export, known before its first byte."""

from collections.abc import Sequence
from pathlib import Path

from medtune.chat.base import BaseInfo
from medtune.core.errors import ResourceError
from medtune.export.builds import cached_base
from medtune.export.disk import Need, existing, gguf_bytes, megabytes
from medtune.export.matrix import PlannedBuild
from medtune.export.weights import Weights
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import BASE_BUILD_FILE, IMATRIX, MERGED, gguf_name
from medtune.runs.records.export import PARENT_BUILD

_TOOL_BYTES = 700 << 20
"""The converter with its libraries and a vocabulary, beside the tensor that it holds."""
_WIDE_BYTES = 8
"""The converter holds a tensor as float32 and as what it reads and writes, all at once: with one of 131 million weights
its peak was 1,557 MiB, where this says 1,702."""


def build_needs(name: str, planned: Sequence[PlannedBuild], weights: Weights, along: int, folder: Path) -> list[Need]:
    """What F16 and the planned builds take; `along` is the size of the files beside the weights."""
    kinds = {PARENT_BUILD: PARENT_BUILD, **{build.name: build.quantization for build in planned}}
    needs = [
        Need(gguf_name(name, build), folder, gguf_bytes(weights.parameters, kind, along))
        for build, kind in kinds.items()
    ]
    if any(build.imatrix for build in planned):
        inputs = sum(entry.shape[-1] for entry in weights.tensors.values() if len(entry.shape) > 1)
        needs.append(Need(IMATRIX, folder, 8 * inputs + (1 << 20)))
    return needs


def merge_need(weights: Weights, along: int, folder: Path) -> Need:
    """What the merged model takes."""
    return Need(MERGED, folder, weights.size_bytes + along)


def base_needs(base: BaseInfo, weights: Weights, along: int, folder: Path, toolchain: Toolchain | None) -> list[Need]:
    """What the base's own F16 takes; without a toolchain nothing counts as cached."""
    f16 = gguf_bytes(weights.parameters, PARENT_BUILD, along)
    cached = cached_base(base, toolchain) if toolchain else None
    needs = []
    if cached is None or not cached.is_file():
        needs.append(Need(BASE_BUILD_FILE, cached.parent if cached else folder, f16))
    if cached is not None and existing(cached.parent).stat().st_dev != existing(folder).stat().st_dev:
        needs.append(Need(f"a copy of {BASE_BUILD_FILE}", folder, f16))
    return needs


def bytes_along(base: BaseInfo) -> int:
    """Size of the files beside the weights."""
    return sum(path.stat().st_size for path in base.files if path.suffix != ".safetensors")


def is_there(need: Need, *folders: Path) -> bool:
    """Is this artefact finished in one of the folders?"""
    return any((folder / need.what).exists() for folder in folders)


def memory_bytes(weights: Weights) -> int:
    """Memory that the hungriest step takes: the conversion of the largest tensor."""
    return _TOOL_BYTES + _WIDE_BYTES * max((entry.parameters for entry in weights.tensors.values()), default=0)


def check_memory(weights: Weights, available: int | None = None) -> None:
    """Raises ResourceError when this machine has too little memory free. `available`: bytes; None asks the system."""
    if available is None:
        import psutil

        available = int(psutil.virtual_memory().available)
    needed = memory_bytes(weights)
    if available < needed:
        largest = max(weights.tensors.values(), key=lambda entry: entry.parameters)
        raise ResourceError(
            f"the export needs about {megabytes(needed)} of memory, {megabytes(available)} are free "
            f"(its largest tensor, {largest.name}, has {largest.parameters / 1e6:.0f} million weights)",
            where=str(weights.folder),
            next_step="end other programs, or export on a machine with more memory",
        )
