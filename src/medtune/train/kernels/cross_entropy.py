"""Cross entropy of an output layer in pieces, its gradient made on the way.

Logits of (tokens, vocabulary) are never whole in memory: a piece of them stays in the processor's cache, and since the
gradient of the loss to the hidden states is known at once, nothing is kept for, or done again in, the backward pass.
"""

from typing import Any

import torch
from torch import Tensor

CHUNK_TOKENS = 256


class _HeadLoss(torch.autograd.Function):
    """Summed negative log-likelihood; the output layer's weights are frozen and get no gradient."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        """hidden (N, H), weight (V, H), targets (N): the sum over N, in nats."""
        wanted = ctx.needs_input_grad[0]
        grad = torch.empty_like(hidden) if wanted else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, hidden.shape[0], CHUNK_TOKENS):
            piece, target = hidden[start : start + CHUNK_TOKENS], targets[start : start + CHUNK_TOKENS, None]
            logits = torch.mm(piece, weight.t()).float()
            norm = torch.logsumexp(logits, dim=1, keepdim=True)
            total += (norm - logits.gather(1, target)).sum()
            if grad is not None:
                # d loss / d logits = softmax(logits) - one_hot(target)
                logits.sub_(norm).exp_().scatter_add_(1, target, torch.full_like(norm, -1.0))
                grad[start : start + CHUNK_TOKENS] = torch.mm(logits.to(weight.dtype), weight)
        ctx.grad = grad
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, None, None]:
        """Gradient of the hidden states; usable once."""
        grad, ctx.grad = ctx.grad, None
        return (None if grad is None else grad.mul_(grads[0].to(grad.dtype))), None, None


def head_loss(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Sum of -log p(target) over tokens, in nats: hidden (N, H), weight (V, H), targets (N) int64."""
    loss: Tensor = _HeadLoss.apply(hidden, weight, targets)  # type: ignore[no-untyped-call]
    return loss
