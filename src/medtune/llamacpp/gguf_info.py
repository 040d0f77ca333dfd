"""Read a GGUF file's head: metadata, tensor list, census by type. No numpy, no weights read.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (little-endian, versions 2 and 3).
"""

import mmap
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.core.errors import ModelError

_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRUCTS = {number: struct.Struct(code) for number, code in _SCALARS.items()}
_U32, _U64 = _STRUCTS[4], _STRUCTS[10]

TENSOR_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
    42: ("Q2_0", 64, 18),
}
"""Number in the file -> name, weights in a block, bytes of a block."""


@dataclass(frozen=True)
class Tensor:
    """One tensor: `shape` as GGUF writes it (the row length first)."""

    name: str
    type: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True)
class ArraySummary:
    """Stands for an array of the metadata that was not read into memory."""

    count: int


@dataclass(frozen=True)
class GgufInfo:
    """A GGUF file's head. `census` counts tensors by type; `parameters` counts weights."""

    metadata: dict[str, Any]
    tensors: tuple[Tensor, ...]
    census: dict[str, int]
    parameters: int
    size_bytes: int

    @property
    def bits_per_weight(self) -> float:
        """Bits of tensor data per weight (0 for a vocabulary-only file)."""
        data_bytes = sum(tensor.size_bytes for tensor in self.tensors)
        return 8 * data_bytes / self.parameters if self.parameters else 0.0

    @property
    def bytes_by_type(self) -> dict[str, int]:
        """Bytes of tensor data of each type."""
        found: Counter[str] = Counter()
        for tensor in self.tensors:
            found[tensor.type] += tensor.size_bytes
        return dict(sorted(found.items()))


def read_gguf(path: Path, *, arrays: bool = False) -> GgufInfo:
    """Read the head of a GGUF file. Arrays (a vocabulary has 100,000 strings) are summed up unless `arrays`.

    Raises ModelError for a missing file, one that is no GGUF, one that is cut off, or an unknown version or type.
    """
    if path.is_dir():
        raise ModelError("this is a folder, not a GGUF file", where=str(path), next_step="name a .gguf file in it")
    if not path.is_file():
        raise ModelError("the GGUF file does not exist", where=str(path), next_step="check the path")
    size_bytes = path.stat().st_size
    if size_bytes < 24:
        raise _broken(path, f"only {size_bytes} bytes")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = _Cursor(data, path)
        if data[:4] != b"GGUF":
            raise _broken(path, "it does not start with GGUF")
        head.at = 4
        version = head.take(_U32)
        if version not in (2, 3):
            raise _broken(path, f"version {version}, known are 2 and 3")
        tensor_count, pair_count = head.take(_U64), head.take(_U64)
        metadata = {}
        for _ in range(pair_count):
            key = head.string()
            metadata[key] = head.value(head.take(_U32), arrays)
        found = [_tensor(head, path) for _ in range(tensor_count)]
        alignment = metadata.get("general.alignment", _ALIGNMENT)
        if not isinstance(alignment, int) or alignment <= 0:
            raise _broken(path, f"alignment {alignment}")
        begin = -(-head.at // alignment) * alignment
    tensors = tuple(tensor for tensor, _ in found)
    end = max((begin + offset + tensor.size_bytes for tensor, offset in found), default=0)
    if end > size_bytes:
        raise _broken(path, f"cut off: {size_bytes} of {end} bytes are there")
    return GgufInfo(
        metadata=metadata,
        tensors=tensors,
        census=dict(sorted(Counter(tensor.type for tensor in tensors).items())),
        parameters=sum(_weights(tensor.shape) for tensor in tensors),
        size_bytes=size_bytes,
    )


class _Cursor:
    """Takes values off a byte buffer, one after the other."""

    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self.data, self.path, self.at = data, path, 0

    def take(self, kind: struct.Struct) -> Any:
        try:
            value = kind.unpack_from(self.data, self.at)[0]
        except struct.error:
            raise _broken(self.path, "cut off in its head") from None
        self.at += kind.size
        return value

    def skip(self, size_bytes: int) -> None:
        if self.at + size_bytes > len(self.data):
            raise _broken(self.path, "cut off in its head")
        self.at += size_bytes

    def string(self) -> str:
        begin = self.at + 8
        self.skip(self.take(_U64))
        return self.data[begin : self.at].decode("utf-8", "replace")

    def value(self, number: int, arrays: bool) -> Any:
        if number == _STRING:
            return self.string()
        if number == _ARRAY:
            return self.array(arrays)
        if number not in _STRUCTS:
            raise _broken(self.path, f"unknown metadata type {number}")
        return self.take(_STRUCTS[number])

    def array(self, keep: bool) -> Any:
        item, count = self.take(_U32), self.take(_U64)
        if keep or item == _ARRAY:
            return [self.value(item, keep) for _ in range(count)]
        if item == _STRING:
            for _ in range(count):
                self.skip(self.take(_U64))
        elif item in _STRUCTS:
            self.skip(_STRUCTS[item].size * count)
        else:
            raise _broken(self.path, f"unknown metadata type {item}")
        return ArraySummary(count)


def _tensor(head: _Cursor, path: Path) -> tuple[Tensor, int]:
    name = head.string()
    dimensions = head.take(_U32)
    if dimensions > 8:
        raise _broken(path, f"tensor {name!r} has {dimensions} dimensions")
    shape = tuple(head.take(_U64) for _ in range(dimensions))
    number, offset = head.take(_U32), head.take(_U64)
    if number not in TENSOR_TYPES:
        raise _broken(path, f"tensor {name!r} has the unknown type {number}")
    type_name, block, block_bytes = TENSOR_TYPES[number]
    return Tensor(name, type_name, shape, _weights(shape) // block * block_bytes), offset


def _weights(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _broken(path: Path, why: str) -> ModelError:
    return ModelError(f"not a whole GGUF file: {why}", where=str(path), next_step="copy or export that file again")
