"""What a frozen base really holds while an adapter is trained on it: its weights rounded to NF4 or FP8 and back.

Training rounds on the GPU with kernels of its own; this is the same arithmetic in plain torch, on any device, so that
the export can build the base that an adapter has seen. Both live below the stages, since stages share no code.

NF4: Dettmers et al. 2023, arXiv 2305.14314, appendix E and section 3 (double quantization); the 8-bit levels of its
block scales: Dettmers et al. 2022, arXiv 2110.02861. FP8: E4M3 with one scale a row (Micikevicius et al. 2022,
arXiv 2209.05433).
"""

import functools
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Storage = Literal["nf4", "fp8"]
"""How a frozen base is held."""

NF4_LEVELS = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
NF4_BLOCK = 64
SCALE_BLOCK = 256
E4M3_MAX = 448.0
_FP8_FLOOR = 1e-6
_PIECE = 1 << 22
"""Weights that are looked up at once: bounds the memory of a large layer."""


def as_stored(weight: "torch.Tensor", storage: Storage) -> "torch.Tensor":
    """A linear layer's weight (out, in) as a frozen base of this storage holds it; float32, the shape kept."""
    return nf4_round(weight) if storage == "nf4" else fp8_round(weight)


def fp8_rows(weight: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """E4M3 values (out, in) and each row's scale max|w| / 448 (out, 1) float32; weight = values * scale."""
    import torch

    rows = weight.float()
    scale = rows.abs().amax(dim=-1, keepdim=True).clamp(min=_FP8_FLOOR) / E4M3_MAX
    return (rows / scale).to(torch.float8_e4m3fn), scale


def fp8_round(weight: "torch.Tensor") -> "torch.Tensor":
    """Round each row to E4M3 with its own scale and back. (out, in) -> float32 (out, in)."""
    values, scale = fp8_rows(weight)
    return values.float() * scale


def nf4_round(weight: "torch.Tensor", *, double: bool = True) -> "torch.Tensor":
    """Round to NF4 in blocks of 64 weights and back, block scales rounded to 8 bits in turn when `double`.

    Any shape -> float32 of that shape.
    """
    import torch

    flat = weight.float().reshape(-1)
    blocks = torch.nn.functional.pad(flat, (0, -len(flat) % NF4_BLOCK)).view(-1, NF4_BLOCK)
    scales = blocks.abs().amax(dim=1)
    held = _rounded_scales(scales) if double else scales
    levels = torch.tensor(NF4_LEVELS, dtype=torch.float32, device=flat.device)
    middles = (levels[1:] + levels[:-1]) / 2
    out = torch.empty_like(blocks)
    inverse = torch.where(scales > 0, 1.0 / scales, 0.0)
    step = _PIECE // NF4_BLOCK
    for begin in range(0, len(blocks), step):
        piece = slice(begin, begin + step)
        nearest = torch.bucketize(blocks[piece] * inverse[piece, None], middles, out_int32=True)
        out[piece] = levels[nearest] * held[piece, None]
    return out.view(-1)[: len(flat)].view(weight.shape)


def _rounded_scales(scales: "torch.Tensor") -> "torch.Tensor":
    """Block scales, less their mean, in 8 bits by blocks of 256, and back."""
    import torch

    mean = scales.mean()
    rest = scales - mean
    blocks = torch.nn.functional.pad(rest, (0, -len(rest) % SCALE_BLOCK)).view(-1, SCALE_BLOCK)
    largest = blocks.abs().amax(dim=1, keepdim=True)
    levels = torch.tensor(_eight_bit_levels(), dtype=torch.float32, device=scales.device)
    middles = (levels[1:] + levels[:-1]) / 2
    share = torch.where(largest > 0, blocks / largest, 0.0)
    held = levels[torch.bucketize(share, middles)] * largest
    return held.view(-1)[: len(rest)] + mean


@functools.cache
def _eight_bit_levels() -> tuple[float, ...]:
    """The 256 levels of the signed dynamic 8-bit type: 7 decades, each with twice the steps of the one below."""
    found = [10.0 ** (decade - 6) * (0.1 + 0.9 * (step + 0.5) / 2**decade)
             for decade in range(7) for step in range(2**decade)]  # fmt: skip
    return tuple(sorted([*(-level for level in found), 0.0, *found, 1.0]))
