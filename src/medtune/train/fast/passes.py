"""The rows of one pass as tensors: one after another, without padding but for the last block."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medtune.train.rows import TrainRow

if TYPE_CHECKING:
    import torch
    from torch import Tensor

BLOCK_TOKENS = 128
"""A pass is filled up to a multiple of this: fewer shapes for compiled kernels, whole tiles for FP8 products."""
_BOUNDS = 32


@dataclass(frozen=True)
class Pass:
    """T tokens of several rows. Padding at the end is a row of its own that trains nothing."""

    ids: "Tensor"
    """(1, T) int64."""
    positions: "Tensor"
    """(1, T) int64, from 0 in each row."""
    bounds: "Tensor"
    """(R + 1) int32: where each row begins; the end is repeated, so that few different lengths occur."""
    longest: int
    """Tokens of the longest row that any pass of the training may hold."""
    at: "Tensor"
    """(N) int64: positions whose next token is trained."""
    targets: "Tensor"
    """(N) int64: those next tokens."""
    tokens: int
    """Without padding."""

    @property
    def trained(self) -> int:
        """Trained tokens."""
        return int(self.at.shape[0])

    def to(self, device: "torch.device") -> "Pass":
        """The same on a device; copies from pinned memory do not wait."""
        moved = [
            tensor.to(device, non_blocking=True)
            for tensor in (self.ids, self.positions, self.bounds, self.at, self.targets)
        ]
        return Pass(moved[0], moved[1], moved[2], self.longest, moved[3], moved[4], self.tokens)

    def attention(self) -> dict[str, Any]:
        """What the model hands on to the attention; the names are transformers' own (`FlashAttentionKwargs`)."""
        return {
            "cu_seq_lens_q": self.bounds,
            "cu_seq_lens_k": self.bounds,
            "max_length_q": self.longest,
            "max_length_k": self.longest,
        }


class PassMaker:
    """Rows as flat arrays, made once; a pass is then put together in well under a millisecond."""

    def __init__(self, rows: Sequence[TrainRow], *, longest: int, block: int, pinned: bool) -> None:
        import numpy as np

        self._ids = [np.asarray(row.input_ids, dtype=np.int64) for row in rows]
        # The token at position t is predicted at t - 1; the first one of a row is never predicted.
        self._at = [np.flatnonzero(np.asarray(row.trained, dtype=bool)[1:]) for row in rows]
        self._longest, self._block, self._pinned = math.ceil(longest / block) * block, block, pinned

    def make(self, chosen: Sequence[int]) -> Pass:
        """The pass of these rows, in this order."""
        import numpy as np
        import torch

        sizes = [len(self._ids[row]) for row in chosen]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        tokens = int(starts[-1])
        total = math.ceil(tokens / self._block) * self._block
        ids, positions = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=np.int64)
        for row, start, size in zip(chosen, starts, sizes, strict=False):
            ids[start : start + size] = self._ids[row]
            positions[start : start + size] = np.arange(size)
        positions[tokens:] = np.arange(total - tokens)
        bounds = np.full(math.ceil((len(chosen) + 2) / _BOUNDS) * _BOUNDS, total, dtype=np.int32)
        bounds[: len(starts)] = starts
        at = np.concatenate([self._at[row] + start for row, start in zip(chosen, starts, strict=False)])
        values = [torch.from_numpy(array) for array in (ids[None], positions[None], bounds, at, ids[at + 1])]
        if self._pinned:
            values = [value.pin_memory() for value in values]
        return Pass(values[0], values[1], values[2], self._longest, values[3], values[4], tokens)
