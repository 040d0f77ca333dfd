"""Is the stored base right for these rows? KL divergence from the 16-bit base to it, before the first step."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from medtune.train.fast.loss import PassLoss
from medtune.train.fast.passes import Pass

ROWS = 64
KL_LIMIT_NATS = 0.02
"""Mean KL of the next-token distribution, 16-bit base to FP8 base, over the trained tokens of the user's rows.

Set before any measurement on a card, from the emulation on the embedded base (FP8 weights and activations 0.009, NF4
0.061): twice the emulated figure, a third of what NF4 costs, which is accepted everywhere."""
_PIECE = 512


def last_states(loss: PassLoss, passes: Sequence[Pass], device: torch.device) -> list[Tensor]:
    """What the output layer would get for each pass's trained tokens; kept in main memory."""
    with torch.no_grad():
        return [loss.hidden(one.to(device)).to("cpu") for one in passes]


def mean_kl(
    before: Sequence[Tensor], after: Sequence[Tensor], logits: Callable[[Tensor], Tensor], device: torch.device
) -> float:
    """Mean over tokens of KL(before || after) in nats; `logits` makes (N, V) float32 of (N, H) states."""
    total, count = 0.0, 0
    with torch.no_grad():
        for first, second in zip(before, after, strict=True):
            for start in range(0, len(first), _PIECE):
                rows = slice(start, start + _PIECE)
                p, q = (logits(states[rows].to(device)).log_softmax(-1) for states in (first, second))
                total += float((p.exp() * (p - q)).sum(dtype=torch.float64))
                count += len(p)
    return total / max(count, 1)
