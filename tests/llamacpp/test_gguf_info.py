import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtune.core.errors import ModelError
from medtune.llamacpp.gguf_info import TENSOR_TYPES, ArraySummary, read_gguf
from medtune.llamacpp.toolchain import Toolchain


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(*, version: int = 3, tensor_type: int = 0, data: bytes = b"\0" * 32, kind: int = 4) -> bytes:
    """A file with one number, one list of words and one tensor of 8 weights."""
    head = b"GGUF" + struct.pack("<IQQ", version, 1, 3)
    head += string("a.number") + struct.pack("<II", kind, 7)
    head += string("a.name") + struct.pack("<I", 8) + string("toy é")
    head += string("a.words") + struct.pack("<IIQ", 9, 8, 2) + string("one") + string("two")
    head += string("w") + struct.pack("<IQQIQ", 2, 4, 2, tensor_type, 0)
    return head + b"\0" * (-len(head) % 32) + data


def write(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "a.gguf"
    file.write_bytes(data)
    return file


def test_metadata_tensors_and_census(tmp_path: Path) -> None:
    info = read_gguf(write(tmp_path, gguf()))
    assert info.metadata == {"a.number": 7, "a.name": "toy é", "a.words": ArraySummary(2)}
    assert [(t.name, t.type, t.shape, t.size_bytes) for t in info.tensors] == [("w", "F32", (4, 2), 32)]
    assert (info.census, info.parameters, info.bits_per_weight) == ({"F32": 1}, 8, 32.0)
    assert info.size_bytes == len(gguf())


def test_arrays_are_read_when_asked_for(tmp_path: Path) -> None:
    assert read_gguf(write(tmp_path, gguf()), arrays=True).metadata["a.words"] == ["one", "two"]


@pytest.mark.parametrize("data", [b"", b"GGUF", b"PK\x03\x04" + b"\0" * 60, gguf(version=1), gguf(version=1 << 24)])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match="not a whole GGUF file"):
        read_gguf(write(tmp_path, data))


def test_unknown_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown type 99"):
        read_gguf(write(tmp_path, gguf(tensor_type=99)))
    with pytest.raises(ModelError, match="unknown metadata type 77"):
        read_gguf(write(tmp_path, gguf(kind=77)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        read_gguf(tmp_path / "none.gguf")


@pytest.mark.parametrize("length", range(0, len(gguf()), 7))
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(ModelError, match="not a whole GGUF file"):
        read_gguf(write(tmp_path, gguf()[:length]))


@given(st.integers(0, len(gguf()) - 1), st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_damaged_byte_never_ends_in_another_error(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    data = bytearray(gguf())
    data[position] = value
    file = tmp_path_factory.getbasetemp() / "damaged.gguf"
    file.write_bytes(data)
    with contextlib.suppress(ModelError):
        read_gguf(file)


def test_block_sizes_agree_with_the_toolchain(toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (toolchain.gguf_py / "gguf" / "constants.py").read_text("utf-8")
    scope: dict[str, object] = {"QK_K": 256}
    begin = text.index("GGML_QUANT_SIZES")
    table = text[begin : text.index("}", begin) + 1].partition("=")[2]
    names = {name: number for number, (name, _, _) in TENSOR_TYPES.items()}
    scope["GGMLQuantizationType"] = type("Names", (), names)
    theirs = eval(table, scope)
    assert {number: (block, size) for number, (_, block, size) in TENSOR_TYPES.items()} == theirs
