"""The LoRA layer: frozen weights with a trained low-rank update, one product for all layers that share an input.

q, k and v, and gate and up, read the same tensor: their weights stand one above the other, so the input is rounded and
read once, and its gradient is one product instead of a sum of three.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from medtune.train.fast import frozen
from medtune.train.fast.frozen import Frozen, Kind


class _LoraProduct(torch.autograd.Function):
    """y = x W^T + (d A^T) B^T; W is frozen. d is x after dropout, or None where nothing is dropped: then x itself."""

    @staticmethod
    def forward(  # noqa: PLR0917
        ctx: Any,
        x: Tensor,
        dropped: Tensor | None,
        a: Tensor,
        b: Tensor,
        kind: Kind,
        sizes: list[int],
        *weights: Tensor,
    ) -> Tensor:
        """x and d (T, K), a (R, K), b (N, R) -> (T, N)."""
        read = x if dropped is None else dropped
        low = torch.mm(read, a.t())
        ctx.save_for_backward(read, low, a, b, *weights)
        ctx.kind, ctx.sizes, ctx.drops = kind, sizes, dropped is not None
        return frozen.product(kind, weights, x, low, b, sizes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x, d, a and b."""
        read, low, a, b, *weights = ctx.saved_tensors
        g = grads[0]
        low_grad = torch.mm(g, b)
        grad_b = torch.mm(g.t(), low)
        grad_a = torch.mm(low_grad.t(), read)
        grad_x = grad_dropped = None
        if ctx.needs_input_grad[0]:
            # With dropout the low-rank part goes another way: nothing of it is added here.
            shown = slice(0, 0 if ctx.drops else None)
            p, q = low_grad[:, shown], a.t()[:, shown]
            grad_x = frozen.gradient(ctx.kind, tuple(weights), g, p, q, ctx.sizes)
            grad_dropped = torch.mm(low_grad, a) if ctx.drops else None
        return grad_x, grad_dropped, grad_a, grad_b, None, None, *([None] * len(weights))


class Member(nn.Module):
    """One linear layer's update: A (r, K), B (n, r), both float32."""

    def __init__(self, a: Tensor, b: Tensor) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(a), nn.Parameter(b)


class LoraGroup(nn.Module):
    """Linear layers with one input: frozen weights (N, K) together, updates apart.

    `dropout` acts on the update's input while training. One mask serves the group: each layer by itself sees what it
    would see in PEFT, where layers that share an input draw masks of their own.
    """

    def __init__(
        self, weight: Frozen, bias: Tensor | None, members: Sequence[Member], scale: float, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.weight = weight
        self.register_buffer("bias", bias, persistent=False)
        self.members = nn.ModuleList(members)
        self.scale, self.dropout = scale, dropout
        self.sizes = [int(member.b.shape[0]) for member in members]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """x (..., K) to one tensor (..., n) a member."""
        flat = x.reshape(-1, x.shape[-1])
        a, b = self._update(flat.dtype)
        dropped = nn.functional.dropout(flat, self.dropout) if self.dropout and self.training else None
        weight = (self.weight.kind, self.sizes, *self.weight.tensors())
        out = _LoraProduct.apply(flat, dropped, a, b, *weight)  # type: ignore[no-untyped-call]
        if self.bias is not None:
            out = out + self.bias
        return tuple(part.view(*x.shape[:-1], -1) for part in out.split(self.sizes, dim=1))

    def _update(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """A of all members one above the other; B along the diagonal, times the scale."""
        pairs: list[tuple[Tensor, Tensor]] = [(member.a, member.b) for member in self.members]  # type: ignore[misc]
        if len(pairs) == 1:
            return pairs[0][0].to(dtype), (pairs[0][1] * self.scale).to(dtype)
        total = sum(int(a.shape[0]) for a, _ in pairs)
        blocks, before = [], 0
        for a, b in pairs:
            blocks.append(nn.functional.pad(b, (before, total - before - int(a.shape[0]))))
            before += int(a.shape[0])
        return torch.cat([a for a, _ in pairs]).to(dtype), (torch.cat(blocks) * self.scale).to(dtype)


class Leader(nn.Module):
    """Stands where the first layer of a group stood; computes for all and leaves the others' results with them."""

    def __init__(self, group: LoraGroup, followers: "Sequence[Follower]") -> None:
        super().__init__()
        self.group = group
        self.followers = tuple(followers)  # a tuple: they have their own place in the model

    def forward(self, x: Tensor) -> Tensor:
        """x (..., K) -> (..., n)."""
        first, *others = self.group(x)
        for follower, out in zip(self.followers, others, strict=True):
            follower.pending = out
        result: Tensor = first
        return result


class Follower(nn.Module):
    """Stands where another layer of a group stood; its result was computed by the leader from the same input."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: Tensor | None = None

    def forward(self, _: Tensor) -> Tensor:
        """The result that the leader left."""
        out, self.pending = self.pending, None
        assert out is not None, "a layer ran before the one that computes for it"
        return out
