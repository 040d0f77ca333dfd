"""What a card can do: one table, so that nothing is tried that must fail hours later."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

Device = Literal["cuda", "mps", "cpu"]
Dtype = Literal["bfloat16", "float16", "float32"]

VOLTA, AMPERE, ADA = (7, 0), (8, 0), (8, 9)
"""Compute capabilities, as in NVIDIA's CUDA C++ Programming Guide."""


@dataclass(frozen=True)
class Card:
    """One device as the machine reports it."""

    device: Device
    name: str
    memory_bytes: int
    """Memory of the device; on a CPU or with shared memory that of the machine."""
    sm: tuple[int, int] | None = None
    """NVIDIA compute capability; None for anything else, AMD cards included."""
    free_bytes: int | None = None
    """What is free now, if known."""
    cores: int = 1
    """Processor cores of a CPU."""

    def usable_bytes(self, limit_bytes: int | None = None) -> int:
        """What a training may take: memory, what is free of it, and the recipe's limit, whichever is least."""
        return min(value for value in (self.memory_bytes, self.free_bytes, limit_bytes) if value is not None)


@dataclass(frozen=True)
class Capability:
    """What a card can do, and why not more."""

    card: Card
    dtypes: tuple[Dtype, ...]
    """Types for computing, the best one first."""
    varlen: bool
    """Attention over rows of several lengths without padding, with fused kernels."""
    fp8: bool
    """Matrix products in FP8."""
    nf4: bool
    """4-bit base weights (NF4) with bitsandbytes' kernels."""
    compiled: bool
    """torch.compile pays."""
    reasons: tuple[str, ...]
    """What it cannot do, in words."""

    @property
    def dtype(self) -> Dtype:
        """The best type for computing."""
        return self.dtypes[0]


def capability_of(card: Card) -> Capability:
    """The table. float16 below Ampere (no bfloat16 units), variable lengths from Ampere, FP8 from Ada and Hopper."""
    if card.device == "cpu":
        reasons = ("a CPU trains in float32, without 4-bit and FP8 kernels",)
        return Capability(
            card, ("float32", "bfloat16"), varlen=False, fp8=False, nf4=False, compiled=False, reasons=reasons
        )
    if card.device == "mps":
        reasons = ("Apple's GPU trains in float32, without 4-bit and FP8 kernels",)
        return Capability(card, ("float32",), varlen=False, fp8=False, nf4=False, compiled=False, reasons=reasons)
    if card.sm is None:
        reasons = ("not an NVIDIA card: plain LoRA and full fine-tuning only",)
        return Capability(
            card, ("bfloat16", "float32"), varlen=False, fp8=False, nf4=False, compiled=False, reasons=reasons
        )
    return _nvidia(card, card.sm)


def _nvidia(card: Card, sm: tuple[int, int]) -> Capability:
    shown = f"compute capability {sm[0]}.{sm[1]}"
    reasons = []
    if sm < VOLTA:
        reasons.append(f"{shown} has no tensor cores: float32 only, and slow")
        dtypes: tuple[Dtype, ...] = ("float32",)
    elif sm < AMPERE:
        reasons.append(f"{shown} has no bfloat16: it computes in float16")
        dtypes = ("float16", "float32")
    else:
        dtypes = ("bfloat16", "float16", "float32")
    if sm < AMPERE:
        reasons.append(f"{shown} has no fused attention of variable length: rows are padded")
    if sm < ADA:
        reasons.append(f"{shown} has no FP8 units")
    return Capability(
        card,
        dtypes,
        varlen=sm >= AMPERE,
        fp8=sm >= ADA,
        nf4=sm >= (6, 0),  # bitsandbytes' documentation on supported hardware
        compiled=sm >= AMPERE,
        reasons=tuple(reasons),
    )


def look_at_card() -> Card:
    """The card that a training of this process would use. Imports torch."""
    import torch

    if torch.cuda.is_available():
        index = torch.cuda.current_device()
        properties = torch.cuda.get_device_properties(index)
        free, _ = torch.cuda.mem_get_info(index)
        sm = None if torch.version.hip else (properties.major, properties.minor)
        return Card("cuda", properties.name, properties.total_memory, sm, free)
    return _shared_memory("mps" if torch.backends.mps.is_available() else "cpu")


def seen_card() -> Card:
    """The same without torch, for plans: nvidia-smi's first card, Apple's GPU, or the CPU."""
    tool = shutil.which("nvidia-smi")
    fields = "name,memory.total,memory.free,compute_cap"
    if tool is not None:
        try:
            done = subprocess.run(
                [tool, f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
                capture_output=True, text=True, timeout=20, check=True,
            )  # fmt: skip
            name, total, free, sm = (part.strip() for part in done.stdout.splitlines()[0].split(","))
            major, minor = (int(part) for part in sm.split("."))
            return Card("cuda", name, int(total) << 20, (major, minor), int(free) << 20)
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            pass
    return _shared_memory("mps" if sys.platform == "darwin" and platform.machine() == "arm64" else "cpu")


def _shared_memory(device: Device) -> Card:
    import psutil

    memory = psutil.virtual_memory()
    cores = seen_cores()
    name = "Apple's GPU" if device == "mps" else f"this CPU ({cores} cores)"
    return Card(device, name, memory.total, None, memory.available, cores)


def seen_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def hold_to(card: Card, limit_bytes: int, outside_bytes: int) -> None:
    """Let torch reserve no more of a CUDA card than the limit, less what a process takes beside torch's own memory."""
    if card.device != "cuda":
        return
    import torch

    share = max(limit_bytes - outside_bytes, 1) / card.memory_bytes
    torch.cuda.set_per_process_memory_fraction(min(1.0, share))
