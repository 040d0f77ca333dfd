"""Safetensors files as raw bytes: their heads, one tensor at a time, and writing a file without holding it in memory.

Format: https://github.com/huggingface/safetensors#format (8 bytes little-endian head length, JSON head, tensor bytes).
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from medtune.chat.weights import INDEX, SINGLE
from medtune.core.errors import DataError, ModelError
from medtune.core.io import disk_errors, read_json

_HEAD_LIMIT_BYTES = 100_000_000
_ALIGNMENT = 8
_COPY_BYTES = 1 << 22


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies; `begin` and `end` are offsets from the start of the file."""

    name: str
    dtype: str
    """As safetensors writes it: BF16, F16, F32, …"""
    shape: tuple[int, ...]
    file: str
    begin: int
    end: int

    @property
    def size_bytes(self) -> int:
        """Bytes of the tensor."""
        return self.end - self.begin

    @property
    def parameters(self) -> int:
        """Number of weights."""
        count = 1
        for length in self.shape:
            count *= length
        return count


@dataclass(frozen=True)
class Weights:
    """Every tensor of a model folder, by name; `files` in the order of their names."""

    folder: Path
    files: tuple[str, ...]
    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, Mapping[str, str]]
    """What each file's head says beside its tensors."""

    @property
    def sharded(self) -> bool:
        """True when an index says which file holds which tensor."""
        return self.files != (SINGLE,)

    @property
    def parameters(self) -> int:
        """Number of weights of the model."""
        return sum(entry.parameters for entry in self.tensors.values())

    @property
    def size_bytes(self) -> int:
        """Bytes of all tensors."""
        return sum(entry.size_bytes for entry in self.tensors.values())


def read_weights(folder: Path) -> Weights:
    """The heads of a model folder's safetensors files. Raises ModelError for missing, broken or doubled tensors."""
    if (folder / SINGLE).is_file():
        files: tuple[str, ...] = (SINGLE,)
    else:
        files = _shards(folder / INDEX)
    tensors: dict[str, TensorEntry] = {}
    metadata = {}
    for file in files:
        metadata[file], entries = read_head(folder / file)
        for entry in entries:
            if entry.name in tensors:
                raise _broken(folder / file, f"the tensor {entry.name} stands in two files")
            tensors[entry.name] = entry
    return Weights(folder, files, tensors, metadata)


def read_head(path: Path) -> tuple[dict[str, str], tuple[TensorEntry, ...]]:
    """A file's own metadata and its tensors in the order of their bytes. Raises ModelError when it is not whole."""
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            head_bytes = int.from_bytes(file.read(8), "little")
            if not 2 <= head_bytes <= min(_HEAD_LIMIT_BYTES, size_bytes - 8):
                raise _broken(path, "its head is missing or cut off")
            head = json.loads(file.read(head_bytes))
        metadata = {str(key): str(value) for key, value in (head.pop("__metadata__", None) or {}).items()}
        start = 8 + head_bytes
        entries = [
            TensorEntry(
                name=name,
                dtype=str(value["dtype"]),
                shape=tuple(int(length) for length in value["shape"]),
                file=path.name,
                begin=start + int(value["data_offsets"][0]),
                end=start + int(value["data_offsets"][1]),
            )
            for name, value in head.items()
        ]
    except FileNotFoundError:
        raise ModelError("the weight file does not exist", where=str(path), next_step="copy the model again") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise _broken(path, "its head cannot be read") from None
    entries.sort(key=lambda entry: (entry.begin, entry.end))
    if max((entry.end for entry in entries), default=start) != size_bytes:
        raise _broken(path, "its length is not what its head says")
    return metadata, tuple(entries)


def read_tensor_bytes(folder: Path, entry: TensorEntry, at: int = 0, size_bytes: int | None = None) -> bytearray:
    """Bytes of one tensor, all of them or `size_bytes` from `at`. Raises ModelError when the file is cut off there."""
    data = bytearray(entry.size_bytes if size_bytes is None else size_bytes)
    with (folder / entry.file).open("rb", buffering=0) as file:
        file.seek(entry.begin + at)
        left = memoryview(data)
        while left and (count := file.readinto(left)):
            left = left[count:]
    if left:
        raise _broken(folder / entry.file, f"cut off inside {entry.name}")
    return data


def same_bytes(folder: Path, one: TensorEntry, other: TensorEntry) -> bool:
    """Do two tensors of a folder hold the same values of one type and shape?"""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    return all(
        read_tensor_bytes(folder, one, at, size) == read_tensor_bytes(folder, other, at, size)
        for at in range(0, one.size_bytes, _COPY_BYTES)
        for size in (min(_COPY_BYTES, one.size_bytes - at),)
    )


@dataclass(frozen=True)
class NewTensor:
    """A tensor to write: `pour` writes exactly its bytes into the open file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    pour: Callable[[BinaryIO], None]


def write_safetensors(path: Path, tensors: Sequence[NewTensor], metadata: Mapping[str, str]) -> None:
    """Write a file tensor by tensor under a temporary name, flush it to disk and rename it.

    Raises ResourceError when the disk is full; nothing then stands under `path`.
    """
    head: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for tensor in tensors:
        head[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [at, at + tensor.size_bytes],
        }
        at += tensor.size_bytes
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % _ALIGNMENT)
    partial = path.with_name(f"{path.name}.partial")
    with disk_errors(path):
        try:
            with partial.open("wb") as file:
                file.write(len(text).to_bytes(8, "little") + text)
                for tensor in tensors:
                    begin = file.tell()
                    tensor.pour(file)
                    if file.tell() - begin != tensor.size_bytes:
                        raise ValueError(f"{tensor.name}: {file.tell() - begin} bytes for {tensor.size_bytes}")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def copy_tensor(folder: Path, entry: TensorEntry) -> Callable[[BinaryIO], None]:
    """A `pour` that copies a tensor's bytes as they are, piece by piece."""

    def pour(out: BinaryIO) -> None:
        with (folder / entry.file).open("rb") as source:
            source.seek(entry.begin)
            left = entry.size_bytes
            while left and (piece := source.read(min(left, _COPY_BYTES))):
                out.write(piece)
                left -= len(piece)
        if left:
            raise _broken(folder / entry.file, f"cut off inside {entry.name}")

    return pour


def _shards(index: Path) -> tuple[str, ...]:
    try:
        names = sorted(set(read_json(index)["weight_map"].values()))
    except (DataError, KeyError, TypeError, AttributeError):
        raise _broken(index, "there is no weight file and no readable index") from None
    if not names or any(Path(str(name)).name != name for name in names):
        raise _broken(index, "it names no files of this folder")
    return tuple(names)


def _broken(path: Path, why: str) -> ModelError:
    return ModelError(f"not a whole safetensors file: {why}", where=str(path), next_step="copy or make it again")
