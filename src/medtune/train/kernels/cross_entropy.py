"""Cross entropy of an output layer in pieces, its gradient made on the way.

Logits of (tokens, vocabulary) are never whole in memory: a piece of them stays in the processor's cache, and since the
gradient of the loss to the hidden states is known at once, nothing is kept for, or done again in, the backward pass.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

CHUNK_TOKENS = 256
"""On a CPU: a piece stays in the cache."""
CHUNK_BYTES = 1 << 28
"""On a GPU: a piece of 16-bit logits, large enough to fill the card."""


def _piece(logits: Tensor, target: Tensor, cap: float | None) -> tuple[Tensor, Tensor]:
    """Logits (n, V) and targets (n, 1) to the summed loss and its gradient by the logits."""
    capped = logits.float() if cap is None else torch.tanh(logits.float() / cap) * cap
    norm = torch.logsumexp(capped, dim=1, keepdim=True)
    total = (norm - capped.gather(1, target)).sum()
    # d loss / d logits = softmax(logits) - one_hot(target)
    columns = torch.arange(capped.shape[1], device=capped.device)
    grad = torch.exp(capped - norm) - (columns == target).float()
    if cap is not None:
        grad = grad * (1 - (capped / cap) ** 2)
    return total, grad.to(logits.dtype)


@functools.cache
def _compiled_piece() -> Callable[[Tensor, Tensor, float | None], tuple[Tensor, Tensor]]:
    return torch.compile(_piece, dynamic=True)


class _HeadLoss(torch.autograd.Function):
    """Summed negative log-likelihood; the output layer's weights are frozen and get no gradient."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, cap: float | None) -> Tensor:
        """hidden (N, H), weight (V, H), targets (N): the sum over N, in nats."""
        wanted = ctx.needs_input_grad[0]
        grad = torch.empty_like(hidden) if wanted else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        size = CHUNK_TOKENS
        piece: Callable[[Tensor, Tensor, float | None], tuple[Tensor, Tensor]] = _small_piece
        if hidden.is_cuda:
            size, piece = max(CHUNK_TOKENS, CHUNK_BYTES // (2 * weight.shape[0])), _compiled_piece()
        for start in range(0, hidden.shape[0], size):
            rows = slice(start, start + size)
            loss, by_logits = piece(torch.mm(hidden[rows], weight.t()), targets[rows, None], cap)
            total += loss
            if grad is not None:
                torch.mm(by_logits, weight, out=grad[rows])
        ctx.grad = grad
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, None, None, None]:
        """Gradient of the hidden states; usable once."""
        grad, ctx.grad = ctx.grad, None
        return (None if grad is None else grad.mul_(grads[0].to(grad.dtype))), None, None, None


def _small_piece(logits: Tensor, target: Tensor, cap: float | None) -> tuple[Tensor, Tensor]:
    """The same in place: on a CPU every pass over the logits counts."""
    values = logits.float()
    if cap is not None:
        values = torch.tanh(values / cap) * cap
    norm = torch.logsumexp(values, dim=1, keepdim=True)
    total = (norm - values.gather(1, target)).sum()
    slope = None if cap is None else 1 - (values / cap) ** 2
    values.sub_(norm).exp_().scatter_add_(1, target, torch.full_like(norm, -1.0))
    if slope is not None:
        values.mul_(slope)
    return total, values.to(logits.dtype)


def head_loss(hidden: Tensor, weight: Tensor, targets: Tensor, cap: float | None = None) -> Tensor:
    """Sum of -log p(target) over tokens, in nats: hidden (N, H), weight (V, H), targets (N) int64.

    `cap`: logits z become cap * tanh(z / cap) first.
    """
    loss: Tensor = _HeadLoss.apply(hidden, weight, targets, cap)  # type: ignore[no-untyped-call]
    return loss
