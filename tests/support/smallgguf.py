"""A GGUF file of any size whose head is real: metadata as given, one F32 tensor of zeros, the rest left sparse.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from pathlib import Path
from typing import Any


def write_small_gguf(path: Path, metadata: dict[str, Any], size_bytes: int = 0) -> None:
    """Write the file; `metadata` holds strings, booleans, integers and lists of strings."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata))
    for key, value in metadata.items():
        head += _string(key) + _value(value)
    head += _string("token_embd.weight") + struct.pack("<IQIQ", 1, 32, 0, 0)
    begin = -(-len(head) // 32) * 32
    with path.open("wb") as file:
        file.write(head.ljust(begin, b"\0"))
        file.truncate(max(size_bytes, begin + 128))


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, list):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(_string(item) for item in value)
    return struct.pack("<I", 8) + _string(value)
