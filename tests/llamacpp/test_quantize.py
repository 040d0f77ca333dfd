from pathlib import Path

import pytest

from medtune.core.errors import ResourceError, ToolchainError, UsageError
from medtune.llamacpp import quantize as q
from medtune.llamacpp.gguf_info import TENSOR_TYPES, read_gguf
from medtune.llamacpp.toolchain import Toolchain

FALLBACK = (
    "[   3/  20] blk.0.attn_k.weight - [128, 64], type = f16, "
    "warning: blk.0.attn_k.weight                  - ncols    128 not divisible by 256 (required for type    q4_K) "
    "-> falling back to    q5_0\nconverting to q5_0 .. size = 0.01 MiB\n"
)


@pytest.mark.parametrize("name", ["Q8_0", "Q4_K_M", "Q2_K"])
def test_a_build_is_smaller_whole_and_of_its_type(
    toolchain: Toolchain, toy_gguf: Path, tmp_path: Path, name: str
) -> None:
    made = q.quantize(toolchain, toy_gguf, tmp_path / f"{name}.gguf", name, threads=1, log=tmp_path / "q.log")
    info = read_gguf(made.file)
    assert made.size_bytes == info.size_bytes < toy_gguf.stat().st_size
    assert q.TYPES[name].bits_per_weight <= info.bits_per_weight < q.TYPES[name].bits_per_weight + 0.8
    assert max(info.census, key=lambda kind: info.census[kind]).startswith(name[:4])
    assert made.fallbacks == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"{name}.gguf", "q.log"])


def test_every_type_without_an_importance_matrix_can_be_made(
    toolchain: Toolchain, toy_gguf: Path, tmp_path: Path
) -> None:
    sizes = [
        q.quantize(toolchain, toy_gguf, tmp_path / "a.gguf", name, threads=1).size_bytes
        for name, kind in q.TYPES.items()
        if not kind.needs_imatrix
    ]
    assert len(sizes) == 21
    assert min(sizes) < max(sizes) / 5


def test_rows_that_no_k_quant_takes_are_reported(
    toolchain: Toolchain, toy_gguf: Path, tmp_path: Path, toymodel: object
) -> None:
    narrow = _narrow(toolchain, tmp_path, toymodel)
    made = q.quantize(toolchain, narrow, tmp_path / "a.gguf", "Q4_K_M", threads=1)
    assert {(f.columns, f.wanted, f.used) for f in made.fallbacks} >= {(128, "q4_K", "q5_0")}
    assert "Q5_0" in read_gguf(made.file).census


def _narrow(toolchain: Toolchain, tmp_path: Path, toymodel: object) -> Path:
    """A GGUF with rows of 128 weights, written with the toolchain's own library in an own process."""
    from medtune.llamacpp.convert import to_gguf

    toymodel.write_toy_model(tmp_path / "narrow", hidden=128)  # type: ignore[attr-defined]
    return to_gguf(toolchain, tmp_path / "narrow", tmp_path / "narrow.gguf")


def test_fallbacks_are_parsed() -> None:
    assert q.parse_fallbacks(FALLBACK + "nothing here\n") == (q.Fallback("blk.0.attn_k.weight", 128, "q4_K", "q5_0"),)
    assert q.parse_fallbacks("") == ()


def test_unknown_types_name_the_nearest(toolchain: Toolchain, tmp_path: Path) -> None:
    assert q.quant_type("q4_k_m").name == "Q4_K_M"
    with pytest.raises(UsageError, match="unknown quantization 'Q4KM'") as caught:
        q.quantize(toolchain, tmp_path / "a", tmp_path / "b", "Q4KM", threads=1)
    assert "Q4_K_M" in caught.value.next_step


def test_types_that_need_an_importance_matrix_say_so(toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="IQ2_XS needs an importance matrix"):
        q.quantize(toolchain, tmp_path / "a", tmp_path / "b", "IQ2_XS", threads=1)


def test_a_source_that_is_no_gguf_fails_and_leaves_nothing(toolchain: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF but no more")
    with pytest.raises(ToolchainError, match="quantizing to Q8_0 failed"):
        q.quantize(toolchain, tmp_path / "a.gguf", tmp_path / "b.gguf", "Q8_0", threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.gguf"]


def test_a_full_disk_is_named_and_leaves_nothing(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    """llama-quantize writes to a device that is always full, as it would on a full disk."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    out = tmp_path / "b.gguf"
    (tmp_path / "b.gguf.partial").symlink_to("/dev/full")
    with pytest.raises((ResourceError, ToolchainError)):
        q.quantize(toolchain, toy_gguf, out, "Q8_0", threads=1)
    assert list(tmp_path.iterdir()) == []


def test_bits_agree_with_the_block_sizes() -> None:
    table = {name: 8 * size / block for name, block, size in TENSOR_TYPES.values()}
    assert q.TYPES["Q4_K_M"].bits_per_weight == table["Q4_K"]
    for name in ("F32", "F16", "Q8_0", "Q6_K", "Q5_0", "Q4_0", "Q2_K", "IQ4_XS", "IQ3_XXS", "IQ2_XS", "IQ1_S"):
        assert q.TYPES[name].bits_per_weight == table[name]
