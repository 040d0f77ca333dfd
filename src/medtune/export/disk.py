"""How much disk an export needs, known before its first byte."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import ResourceError
from medtune.llamacpp.quantize import quant_type

_MIXTURE_BITS = 1.5
"""K-mixtures keep some tensors in larger types: 1.3 bits a weight more for Q3_K_L of the tiny model, whose embeddings
are a fifth of it; less for larger models."""
_HEAD_BYTES = 1 << 20
_SPARE = 1.05


@dataclass(frozen=True)
class Need:
    """One artefact that is to be written into a folder."""

    what: str
    folder: Path
    size_bytes: int


def gguf_bytes(parameters: int, quantization: str, vocabulary_bytes: int) -> int:
    """Estimated size of a GGUF, on the safe side; `vocabulary_bytes` are those of the tokenizer's files."""
    kind = quant_type(quantization)
    bits = kind.bits_per_weight + (0.0 if kind.bits_per_weight >= 16 else _MIXTURE_BITS)
    return int(parameters * bits / 8) + vocabulary_bytes + _HEAD_BYTES


def check_space(needs: Sequence[Need], free: Mapping[int, int] | None = None) -> int:
    """Bytes that are needed in all. Raises ResourceError when one of the file systems has too little room.

    `free` gives the free bytes of each device number; without it the system is asked.
    """
    by_device: dict[int, list[Need]] = {}
    for need in needs:
        by_device.setdefault(existing(need.folder).stat().st_dev, []).append(need)
    for device, wanted in by_device.items():
        total = int(sum(need.size_bytes for need in wanted) * _SPARE)
        folder = existing(wanted[0].folder)
        room = free[device] if free is not None else free_bytes(folder)
        if total > room:
            listed = ", ".join(f"{need.what} {megabytes(need.size_bytes)}" for need in wanted)
            raise ResourceError(
                f"the export needs about {megabytes(total)} of disk, {megabytes(room)} are free ({listed})",
                where=str(folder),
                next_step="free some space, or ask for fewer quantizations (`export.quantizations`)",
            )
    return sum(need.size_bytes for need in needs)


def free_bytes(folder: Path) -> int:
    """Bytes that this user may still write to the file system of a folder."""
    return shutil.disk_usage(folder).free


def megabytes(size_bytes: int) -> str:
    """A size in words: MB below a gigabyte, else GB (powers of ten)."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.1f} GB"


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder if os.access(folder, os.F_OK) else Path("/")
