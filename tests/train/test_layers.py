"""One compilation serves passes of every length, also where hidden states come in several streams (Gemma 3n)."""

import functools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounter  # type: ignore[import-untyped]

from medtune.train.fast.layers import _with_open_lengths

WIDTH = 8


def layer(hidden: Tensor, angles: tuple[Tensor, Tensor], *, kept: dict[str, Any], cu_seq_lens_q: Tensor) -> Tensor:
    """hidden (..., T, H)."""
    kept["full"] = kept["full"] * 2
    return hidden * angles[0] + angles[1] + kept["full"].sum() + cu_seq_lens_q.float().mean()


@pytest.mark.parametrize("first", [16, WIDTH])
@pytest.mark.parametrize("before", [(1,), (4, 1)])
def test_passes_of_other_lengths_are_not_compiled_again(before: tuple[int, ...], first: int) -> None:
    """Also when the first pass has as many tokens as the model is wide."""
    torch._dynamo.reset()
    counter = CompileCounter()
    call = functools.partial(_with_open_lengths, torch.compile(layer, backend=counter))
    for tokens, rows in ((first, 3), (24, 5), (40, 4)):
        hidden = torch.randn(*before, tokens, WIDTH)
        angles = torch.randn(1, tokens, WIDTH), torch.randn(1, tokens, WIDTH)
        kept = {"full": torch.randn(1, 2, tokens, 3)}
        call(hidden, angles, kept=kept, cu_seq_lens_q=torch.arange(rows, dtype=torch.int32))
    assert counter.frame_count == 1
