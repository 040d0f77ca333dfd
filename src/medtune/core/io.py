"""Files that are either whole or absent, and JSON lines whose errors name their line."""

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError, ResourceError


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn «no space left» into an error that says so; other OSErrors pass through."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResourceError(
                f"the disk is full: {path} could not be written",
                where=str(path.parent),
                next_step="free some space and run the same command again; finished stages and files are kept",
            ) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name, flush it to disk, then rename it into place."""
    temporary = path.with_name(f".{path.name}.tmp")
    with disk_errors(path):
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write pretty JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises DataError naming the file (and line) when it is missing or not JSON."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(
            f"not JSON: {error.msg}", where=f"{path}:{error.lineno}", next_step="mend or replace that file"
        ) from error


def read_text(path: Path) -> str:
    """Read UTF-8 text (a byte-order mark is dropped). Raises DataError for a missing file or other bytes."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError("file not found", where=str(path), next_step="check the path") from error
    except IsADirectoryError as error:
        raise DataError("this is a folder, not a file", where=str(path), next_step="name a file in it") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"not UTF-8 (byte 0x{data[error.start]:02x} at offset {error.start})",
            where=f"{path}:{line}",
            next_step="save the file as UTF-8, e.g. `iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`",
        ) from error


def read_jsonl(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield (line number from 1, value) of each non-blank line. Raises DataError naming file and line."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"this line is not JSON: {error.msg}",
                where=f"{path}:{number}",
                next_step="each line must hold one JSON object; mend that line",
            ) from error


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows as JSON lines, whole or not at all; returns their count."""
    lines = [jsonl_line(row) for row in rows]
    write_text(path, "".join(lines))
    return len(lines)


def jsonl_line(row: dict[str, Any]) -> str:
    """One JSON line, keys in the order given, newline included."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def append_jsonl(path: Path, row: dict[str, Any]) -> None:
    """Append one row in a single write, so that a killed process leaves at most one cut line at the end."""
    append_lines(path, jsonl_line(row))


def append_lines(path: Path, lines: str) -> None:
    """Append whole lines that belong together in a single write."""
    with disk_errors(path), path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(lines)


def read_jsonl_prefix(path: Path) -> list[Any]:
    """Rows of a file that a killed process may have left with a cut last line; the cut part is removed on disk."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        path.write_bytes(whole)
    return [json.loads(line) for line in whole.decode("utf-8").split("\n") if line.strip()]
