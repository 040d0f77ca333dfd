"""What is done to the embeddings of a training pass: noise (NEFTune), and a gradient for the first layer's input."""

from typing import Any

import torch
from torch import Tensor


class EmbeddingNoise:
    """NEFTune (Jain et al. 2023, arXiv 2310.05914): uniform noise of at most alpha / sqrt(L H) on each embedding.

    L is the length of the row that a token stands in, not of the pass, so that packing changes nothing. None for
    `alpha`: no noise.
    """

    def __init__(self, alpha: float | None) -> None:
        self.alpha = alpha
        self._lengths: Tensor | None = None

    def rows_are(self, bounds: Tensor, tokens: int) -> None:
        """Say where the rows of the next pass begin: bounds (R + 1), the last one being `tokens`."""
        if self.alpha is not None:
            sizes = bounds.diff()
            self._lengths = torch.repeat_interleave(sizes, sizes, output_size=tokens)

    def hook(self, _module: Any, _args: Any, out: Tensor) -> Tensor:
        """Embeddings (1, T, H) of a training pass; without gradients (validation) they stay as they are.

        All layers then get inputs that want a gradient, so one compilation serves the first of them, too.
        """
        if not torch.is_grad_enabled():
            return out
        lengths, self._lengths = self._lengths, None
        if self.alpha is not None and lengths is not None:
            limit = self.alpha / (lengths * out.shape[-1]).float().sqrt()
            out = out + ((torch.rand_like(out) * 2 - 1) * limit[None, :, None]).to(out.dtype)
        return out.requires_grad_(True)
