"""NF4 and FP8 rounding of a frozen base, against values of bitsandbytes and against what rounding must fulfil."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medtune.chat.frozen import NF4_BLOCK, NF4_LEVELS, as_stored, fp8_round, nf4_round


def weights(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * 0.02


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nf4_is_what_bitsandbytes_holds(double: bool, dtype: torch.dtype) -> None:
    functional = pytest.importorskip("bitsandbytes.functional", reason="bitsandbytes is not installed")
    weight = weights(320, 256).to(dtype)
    packed, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4", compress_statistics=double)
    held = functional.dequantize_4bit(packed, state).float()
    found = nf4_round(weight, double=double).to(dtype).float()
    if double:  # means and 8-bit scales may differ in their last bits
        assert (found - held).abs().max() <= 0.02 * held.abs().max()
        assert (found != held).float().mean() < 0.05
    else:
        assert torch.equal(found, held)


def test_a_block_of_levels_is_held_as_it_is() -> None:
    """Without double quantization the levels times a power of two round to themselves."""
    levels = torch.tensor(NF4_LEVELS)
    weight = torch.stack([levels.repeat(4) * scale for scale in (0.25, 1.0, 8.0)])
    assert torch.equal(nf4_round(weight, double=False), weight)


@given(seed=st.integers(0, 2**31), rows=st.integers(1, 9), columns=st.integers(1, 130))
def test_nf4_rounds_each_weight_to_the_nearest_level_of_its_block(seed: int, rows: int, columns: int) -> None:
    weight = weights(rows, columns, seed)
    found = nf4_round(weight, double=False)
    assert found.shape == weight.shape
    flat, held = weight.flatten(), found.flatten()
    for begin in range(0, len(flat), NF4_BLOCK):
        block, rounded = flat[begin : begin + NF4_BLOCK], held[begin : begin + NF4_BLOCK]
        levels = torch.tensor(NF4_LEVELS) * block.abs().max()
        best = (block[:, None] - levels).abs().min(dim=1).values
        assert torch.allclose((block - rounded).abs(), best, atol=1e-8)


@given(seed=st.integers(0, 2**31), rows=st.integers(1, 9), columns=st.integers(1, 70))
def test_fp8_keeps_three_bits_of_fraction_by_row(seed: int, rows: int, columns: int) -> None:
    weight = weights(rows, columns, seed)
    found = fp8_round(weight)
    largest = weight.abs().amax(dim=1, keepdim=True)
    # half a step of E4M3: 2^-4 of the number, or half the smallest step below the normal range
    assert bool(((found - weight).abs() <= weight.abs() * 2**-4 + largest / 448 * 2**-10 * 1.01).all())
    assert torch.allclose(found.abs().amax(dim=1, keepdim=True), largest, rtol=1e-6)


@pytest.mark.parametrize("storage", ["nf4", "fp8"])
def test_zeros_stay_zeros_and_rounding_twice_changes_little(storage: str) -> None:
    weight = weights(8, 128)
    weight[0] = 0
    once = as_stored(weight, storage)  # type: ignore[arg-type]
    assert bool((once[0].abs() < 1e-4).all()) and bool(torch.isfinite(once).all())
    assert (once - weight).abs().mean() < 0.15 * weight.abs().mean()
