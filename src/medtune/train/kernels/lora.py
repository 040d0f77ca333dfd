"""A LoRA layer as one matrix product: y = x (W + s B A)^T, for float32 on a CPU.

PEFT computes x W^T + s (x A^T) B^T: two more products and two passes over an output of (tokens, features) in each
direction. Adding s B A to W first costs about r / tokens of the main product. W itself stays as it is, and the sum is
made again in the backward pass, so only one layer's sum is ever in memory.

Only for float32: in 16 bits the sum would round the update away.
"""

import types
from typing import Any

import torch
from torch import Tensor


class _MergedLinear(torch.autograd.Function):
    """Forward and backward of the layer; W (out, in) gets no gradient, A (r, in) and B (out, r) do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:  # noqa: PLR0917
        """x (..., in) to (..., out)."""
        flat = x.reshape(-1, x.shape[-1])
        ctx.save_for_backward(flat, weight, a, b)
        ctx.scale, ctx.shape = scale, x.shape
        out = torch.mm(flat, torch.addmm(weight, b, a, alpha=scale).t())
        return out.view(*x.shape[:-1], weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, None, Tensor, Tensor, None]:
        """Gradients of x, A and B."""
        x, weight, a, b = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        grad_a = torch.mm(torch.mm(grad, b).t(), x).mul_(ctx.scale)
        grad_b = torch.mm(grad.t(), torch.mm(x, a.t())).mul_(ctx.scale)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = torch.mm(grad, torch.addmm(weight, b, a, alpha=ctx.scale)).view(ctx.shape)
        return grad_x, None, grad_a, grad_b, None


def use_merged_layers(model: torch.nn.Module) -> int:
    """Let every plain LoRA linear layer of a PEFT model compute this way; returns how many there are.

    Layers with dropout, bias of the update, another variant (DoRA), quantized or 16-bit weights are left to PEFT.
    """
    from peft.tuners.lora.layer import Linear

    layers = [layer for layer in model.modules() if type(layer) is Linear and _is_plain(layer)]
    for layer in layers:
        layer.forward = types.MethodType(_forward, layer)
    return len(layers)


def _is_plain(layer: Any) -> bool:
    adapters = list(layer.lora_A)
    if len(adapters) != 1 or layer.merged or layer.disable_adapters or layer.fan_in_fan_out:
        return False
    name = adapters[0]
    parts = (layer.base_layer, layer.lora_A[name], layer.lora_B[name])
    return (
        all(type(part) is torch.nn.Linear and part.weight.dtype == torch.float32 for part in parts)
        and isinstance(layer.lora_dropout[name], torch.nn.Identity)
        and name not in layer.lora_variant
        and layer.lora_A[name].bias is None
        and layer.lora_B[name].bias is None
    )


def _forward(layer: Any, x: Tensor, *_: Any, **__: Any) -> Tensor:
    name = layer.active_adapters[0]
    out: Tensor = _MergedLinear.apply(  # type: ignore[no-untyped-call]
        x, layer.base_layer.weight, layer.lora_A[name].weight, layer.lora_B[name].weight, layer.scaling[name]
    )
    return out if layer.base_layer.bias is None else out + layer.base_layer.bias
