"""Attention over rows that stand one after another: each attends to itself alone.

On a GPU torch's variable-length attention; elsewhere, and for heads that it does not take, one block at a time.
"""

# ruff: noqa: PLR0917 (arguments by position, as transformers and torch call such functions)

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.varlen import varlen_attn

NAME = "medtune_packed"
_MAX_HEAD = 256
_NAMES = frozenset(inspect.signature(varlen_attn).parameters)
_WINDOWS = "window_size" in _NAMES


def register() -> str:
    """Make it known to transformers, which then calls it in every layer; returns its name."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, packed_attention)
    return NAME


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """query (1, H, T, D), key and value (1, G, T, D) with G a divisor of H -> (1, T, H, D).

    `cu_seq_lens_q` (R + 1): where rows begin. `attention_mask` is never given: there is no padding to hide.
    """
    del module, attention_mask
    if cu_seq_lens_q is None or max_length_q is None:
        raise ValueError("packed attention needs the bounds of the rows")
    q, k, v = (states.squeeze(0).transpose(0, 1) for states in (query, key, value))
    scale = q.shape[-1] ** -0.5 if scaling is None else scaling
    fits = q.shape[-1] <= _MAX_HEAD and not softcap and q.dtype != torch.float32
    if query.is_cuda and fits and (sliding_window is None or _WINDOWS):
        out = _varlen(q, k, v, cu_seq_lens_q, max_length_q, scale, sliding_window)
    else:
        out = _blocks(q, k, v, cu_seq_lens_q.tolist(), scale, sliding_window, softcap)
    return out.unsqueeze(0), None


def _varlen(q: Tensor, k: Tensor, v: Tensor, bounds: Tensor, longest: int, scale: float, window: int | None) -> Tensor:
    # `v` is a part of the joint product of q, k and v. Saved as it is for the backward pass, it would keep all three:
    # 7 % of what a 7B model saves (6 % of its memory). q and k were rotated, and are tensors of their own.
    v = v.contiguous()
    kwargs: dict[str, Any] = {"enable_gqa": True} if "enable_gqa" in _NAMES else {}
    if "window_size" in _NAMES:  # torch 2.10 knows `is_causal` only
        kwargs["window_size"] = (-1 if window is None else window - 1, 0)
    else:
        kwargs["is_causal"] = True
    if "scale" in _NAMES:
        kwargs["scale"] = scale
    else:
        q = q * (scale * q.shape[-1] ** 0.5)
    call: Callable[..., Any] = varlen_attn
    out: Tensor = call(q, k, v, bounds, bounds, longest, longest, **kwargs)
    return out


def _blocks(
    q: Tensor, k: Tensor, v: Tensor, bounds: list[int], scale: float, window: int | None, softcap: float | None
) -> Tensor:
    """The block-diagonal mask, block by block: nothing is computed that the mask would hide."""
    out = [
        _block(_cut(q, start, end), _cut(k, start, end), _cut(v, start, end), scale, window, softcap)
        for start, end in itertools.pairwise(bounds)
        if end > start
    ]
    return torch.cat([block.squeeze(0).transpose(0, 1) for block in out])


def _cut(states: Tensor, start: int, end: int) -> Tensor:
    """Rows (T, H, D) of one block as (1, H, t, D)."""
    return states[start:end].transpose(0, 1)[None]


def _block(q: Tensor, k: Tensor, v: Tensor, scale: float, window: int | None, softcap: float | None) -> Tensor:
    length = q.shape[2]
    if not softcap and (window is None or window >= length):
        return torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=scale, enable_gqa=q.shape[1] != k.shape[1]
        )
    at = torch.arange(length, device=q.device)
    seen = at[None] <= at[:, None]
    if window is not None:
        seen &= at[None] > at[:, None] - window
    if not softcap:
        return torch.nn.functional.scaled_dot_product_attention(
            q, k, v, attn_mask=seen, scale=scale, enable_gqa=q.shape[1] != k.shape[1]
        )
    heads = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(heads, 1), v.repeat_interleave(heads, 1)
    scores = torch.tanh(q @ k.transpose(2, 3) * scale / softcap) * softcap
    weights = scores.float().masked_fill(~seen, float("-inf")).softmax(-1)
    return weights.to(q.dtype) @ v
