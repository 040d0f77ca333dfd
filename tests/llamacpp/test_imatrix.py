from pathlib import Path

import pytest

from medtune.core.errors import ToolchainError
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.imatrix import make_imatrix
from medtune.llamacpp.quantize import TYPES, quantize
from medtune.llamacpp.toolchain import Toolchain

TEXT = "<|user|>What is asthma?<|end|><|assistant|>A disease of the airways.<|end|>\n" * 150


@pytest.fixture(scope="module")
def matrix(toolchain: Toolchain, toy_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imatrix")
    return make_imatrix(toolchain, toy_gguf, TEXT, folder / "imatrix.gguf", threads=1, log=folder / "tools.log").file


def test_a_matrix_covers_every_linear_layer_and_names_no_path(matrix: Path) -> None:
    info = read_gguf(matrix, arrays=True)
    assert info.metadata["general.type"] == "imatrix"
    assert len(info.tensors) == 2 * 7 * 2  # sums and counts of seven layers in two blocks
    assert info.metadata["imatrix.datasets"] == ["calibration.txt"]
    assert not list(matrix.parent.glob("*.partial"))


def test_control_tokens_are_read_as_such(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path, matrix: Path) -> None:
    """As plain characters the markers would be many more tokens, and so more chunks."""
    made = make_imatrix(toolchain, toy_gguf, TEXT.replace("|", "!"), tmp_path / "plain.gguf", threads=1)
    assert made.chunks > read_gguf(matrix).metadata["imatrix.chunk_count"]


@pytest.mark.parametrize("name", ["IQ3_XXS", "IQ2_M", "IQ2_XS"])
def test_types_that_need_one_are_made_with_one(
    toolchain: Toolchain, toy_gguf: Path, tmp_path: Path, matrix: Path, name: str
) -> None:
    made = quantize(toolchain, toy_gguf, tmp_path / "a.gguf", name, threads=1, imatrix=matrix)
    info = read_gguf(made.file)
    assert any(kind.startswith(name[:3]) for kind in info.census)
    assert info.metadata["quantize.imatrix.file"] == "imatrix.gguf"
    assert not any(str(tmp_path) in str(value) or "/" in str(value) for key, value in info.metadata.items()
                   if key.startswith("quantize.imatrix"))  # fmt: skip


@pytest.mark.parametrize("name", ["Q4_K_M", "Q8_0"])
def test_only_types_that_look_at_it_are_changed_by_it(
    toolchain: Toolchain, toy_gguf: Path, tmp_path: Path, matrix: Path, name: str
) -> None:
    plain = quantize(toolchain, toy_gguf, tmp_path / "plain.gguf", name, threads=1).file
    weighed = quantize(toolchain, toy_gguf, tmp_path / "weighed.gguf", name, threads=1, imatrix=matrix).file
    size = sum(tensor.size_bytes for tensor in read_gguf(plain).tensors)
    assert (plain.read_bytes()[-size:] != weighed.read_bytes()[-size:]) == TYPES[name].uses_imatrix


def test_too_little_text_fails_and_leaves_nothing(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="importance matrix"):
        make_imatrix(toolchain, toy_gguf, "short", tmp_path / "a.gguf", threads=1)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_loaded_leaves_nothing(toolchain: Toolchain, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF but no more")
    with pytest.raises(ToolchainError, match="importance matrix"):
        make_imatrix(toolchain, tmp_path / "a.gguf", TEXT, tmp_path / "b.gguf", threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.gguf"]
