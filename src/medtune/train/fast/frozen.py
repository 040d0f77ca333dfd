"""Frozen weights and the two products that training needs of them: x W^T, and g W for the gradient of x.

Each product takes a low-rank part p q^T with it, added in place: LoRA's own product then costs one pass over the output
and no tensor more. The products are custom operators, so that the compiler sees each as one step and fuses what is
around them (quantizing a row's values, above all, into the norm or activation that makes them).

FP8: E4M3 with one scale a row of the activations and one a row of the weights (the rule is `chat.frozen.fp8_rows`); the
gradient's product uses the same rounded weights, with their scales multiplied into the gradient before it is rounded.
"""

# ruff: noqa: PLR0917 (operators are called by position)

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from medtune.chat.frozen import E4M3_MAX, NF4_BLOCK, SCALE_BLOCK, fp8_rows

Kind = Literal["dense", "fp8", "nf4"]

_ALIGNED = 16
"""FP8 products need both sizes of the weight to be multiples of this."""
_SMALLEST = 1e-12


# The low-rank part is added in place: cuBLAS reads and writes the output once more, nothing else is made.


@torch.library.custom_op("medtune::dense_product", mutates_args=())
def dense_product(x: Tensor, weight: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """x (T, K), weight (N, K), p (T, R), q (N, R) -> x weight^T + p q^T (T, N). A weight elsewhere is fetched."""
    out = torch.mm(x, weight.to(x.device).t())
    return out.addmm_(p, q.t())


@dense_product.register_fake
def _(x: Tensor, weight: Tensor, p: Tensor, q: Tensor) -> Tensor:
    del p, q
    return x.new_empty((x.shape[0], weight.shape[0]))


@torch.library.custom_op("medtune::fp8_product", mutates_args=())
def fp8_product(
    x: Tensor, x_scale: Tensor, weight: Tensor, scale: Tensor, p: Tensor, q: Tensor, turned: bool
) -> Tensor:
    """x (T, K) and weight (N, K) E4M3, x_scale (T, 1) and scale (1, N) float32 -> (T, N) of p's type, with p q^T.

    `turned`: the weight comes as (K, N) and is turned first (FP8 products want both operands along K).
    """
    held = weight.t().contiguous() if turned else weight
    if x.is_cuda:
        out = torch._scaled_mm(x, held.t(), scale_a=x_scale, scale_b=scale, out_dtype=p.dtype, use_fast_accum=True)
    else:  # the same values, computed in float32
        out = ((x.float() @ held.float().t()) * x_scale * scale).to(p.dtype)
    return out.addmm_(p, q.t())


@fp8_product.register_fake
def _(x: Tensor, x_scale: Tensor, weight: Tensor, scale: Tensor, p: Tensor, q: Tensor, turned: bool) -> Tensor:
    del x_scale, scale, q
    return x.new_empty((x.shape[0], weight.shape[1 if turned else 0]), dtype=p.dtype)


@torch.library.custom_op("medtune::nf4_product", mutates_args=())
def nf4_product(
    x: Tensor, packed: Tensor, scales: Tensor, outer: Tensor, code: Tensor, means: Tensor, sizes: list[int], p: Tensor,
    q: Tensor, turned: bool,
) -> Tensor:  # fmt: skip
    """x W^T + p q^T with W (N, K) unpacked for the moment; `turned`: x W + p q^T with x (T, N). `sizes` sum to N."""
    weight = nf4_weight(packed, scales, outer, code, means, sizes, x.dtype)
    out = torch.mm(x, weight if turned else weight.t())
    return out.addmm_(p, q.t())


@nf4_product.register_fake
def _(
    x: Tensor, packed: Tensor, scales: Tensor, outer: Tensor, code: Tensor, means: Tensor, sizes: list[int], p: Tensor,
    q: Tensor, turned: bool,
) -> Tensor:  # fmt: skip
    del scales, outer, code, means, p, q
    return x.new_empty((x.shape[0], packed.numel() * 2 // sum(sizes) if turned else sum(sizes)))


def nf4_weight(
    packed: Tensor, scales: Tensor, outer: Tensor, code: Tensor, means: Tensor, sizes: list[int], dtype: torch.dtype
) -> Tensor:
    """The weight (N, K) that bitsandbytes' packed values of several layers stand for; `means` has one value a layer."""
    ops: Any = torch.ops.bitsandbytes
    columns = packed.numel() * 2 // sum(sizes)
    inner = ops.dequantize_blockwise(scales, outer, code, SCALE_BLOCK, torch.float32).view(-1)
    if len(sizes) == 1:
        inner = inner + means
    else:
        for part, mean in zip(inner.split([size * columns // NF4_BLOCK for size in sizes]), means, strict=True):
            part.add_(mean)
    weight: Tensor = ops.dequantize_4bit(packed, inner, NF4_BLOCK, "nf4", [sum(sizes), columns], dtype)
    return weight


class Frozen(nn.Module):
    """A frozen weight (N, K) of one kind."""

    kind: Kind

    def __init__(self, kind: Kind, **tensors: Tensor) -> None:
        super().__init__()
        self.kind = kind
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor, persistent=False)
        self.names = tuple(tensors)

    def tensors(self) -> tuple[Tensor, ...]:
        """What `product` and `gradient` take."""
        return tuple(getattr(self, name) for name in self.names)

    def size_bytes(self) -> int:
        """Memory of the weight."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.tensors())


def dense(weight: Tensor) -> Frozen:
    """Weights as they are."""
    return Frozen("dense", weight=weight.detach())


def fp8(weight: Tensor, *, turned: bool) -> Frozen:
    """Weights in E4M3. `turned`: kept a second time as (K, N), which saves turning them in every backward pass."""
    values, scale = fp8_rows(weight.detach())
    other = values.t().contiguous() if turned else values.new_empty(0)
    return Frozen("fp8", weight=values.contiguous(), scale=scale.view(1, -1).contiguous(), other=other)


def nf4(weight: Tensor, sizes: Sequence[int]) -> Frozen:
    """Weights in NF4 with double quantization, by bitsandbytes (which must be installed); each layer on its own."""
    from bitsandbytes.functional import quantize_4bit

    parts = [
        quantize_4bit(part.contiguous(), blocksize=NF4_BLOCK, compress_statistics=True, quant_type="nf4")
        for part in torch.split(weight.detach(), list(sizes))
    ]
    states = [state for _, state in parts]
    return Frozen(
        "nf4",
        packed=torch.cat([packed for packed, _ in parts]),
        scales=torch.cat([state.absmax for state in states]),
        outer=torch.cat([state.state2.absmax for state in states]),
        code=states[0].state2.code,
        means=torch.stack([state.offset.float().to(weight.device).view(()) for state in states]),
    )


def fits_fp8(weight: Tensor) -> bool:
    """Whether FP8 products take a weight of this shape."""
    return weight.shape[0] % _ALIGNED == 0 and weight.shape[1] % _ALIGNED == 0


def fits_nf4(weight: Tensor) -> bool:
    """Whether its blocks, and the blocks of their scales, are whole."""
    return weight.numel() % (NF4_BLOCK * SCALE_BLOCK) == 0 and weight.shape[1] % NF4_BLOCK == 0


def product(kind: Kind, tensors: tuple[Tensor, ...], x: Tensor, p: Tensor, q: Tensor, sizes: list[int]) -> Tensor:
    """x (T, K) -> x W^T + p q^T (T, N)."""
    if kind == "fp8":
        values, x_scale = _rows(x)
        out: Tensor = fp8_product(values, x_scale, tensors[0], tensors[1], p, q, False)
    elif kind == "nf4":
        out = nf4_product(x, *tensors, sizes, p, q, False)
    else:
        out = dense_product(x, tensors[0], p, q)
    return out


def gradient(kind: Kind, tensors: tuple[Tensor, ...], g: Tensor, p: Tensor, q: Tensor, sizes: list[int]) -> Tensor:
    """g (T, N) -> g W + p q^T (T, K)."""
    if kind == "fp8":
        weight, scale, other = tensors
        values, g_scale = _rows(g.float() * scale)
        # The other operand's scales stand in the gradient already.
        one = scale.new_ones((1, weight.shape[1]))
        turned = other.numel() == 0
        out: Tensor = fp8_product(values, g_scale, weight if turned else other, one, p, q, turned)
    elif kind == "nf4":
        out = nf4_product(g, *tensors, sizes, p, q, True)
    else:
        out = dense_product(g, tensors[0].t(), p, q)
    return out


def _rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """(T, K) -> E4M3 values and one scale a row (T, 1) float32."""
    values = x.float()
    scale = values.abs().amax(dim=-1, keepdim=True).clamp(min=_SMALLEST) / E4M3_MAX
    return (values / scale).to(torch.float8_e4m3fn), scale
