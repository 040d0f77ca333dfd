"""Rows of JSONL, CSV, Excel and Parquet files that people made, one at a time; errors name the file and the line."""

import csv
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medtune.core.errors import DataError
from medtune.core.sheets import sheet_rows

if TYPE_CHECKING:
    from _csv import Reader

TABLE_SUFFIXES = (".jsonl", ".csv", ".xlsx", ".parquet")
_CELL_CHARS = 1 << 24
_DELIMITERS = (",", ";", "\t")
_MARK = b"\xef\xbb\xbf"


def table_files(path: Path) -> list[Path]:
    """The files of rows that a path stands for: itself, or those below a folder, sorted.

    Raises DataError when there are none, or when the file is of another kind.
    """
    if path.is_dir():
        found = [
            file
            for file in path.rglob("*")
            if file.suffix.lower() in TABLE_SUFFIXES and file.is_file() and not file.name.startswith(".")
        ]
        if not found:
            raise DataError(
                f"this folder holds none of {', '.join(TABLE_SUFFIXES)}",
                where=str(path),
                next_step="put the data files into it",
            )
        return sorted(found, key=lambda file: file.relative_to(path).as_posix())
    if not path.exists():
        raise DataError("file not found", where=str(path), next_step="check the path in the recipe")
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise DataError(
            f"cannot read files of the kind {path.suffix or 'without a suffix'!r}",
            where=str(path),
            next_step=f"give one of {', '.join(TABLE_SUFFIXES)}; a JSON array: `jq -c '.[]' FILE > FILE.jsonl`",
        )
    return [path]


def read_table(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line from 1, row) of one of TABLE_SUFFIXES; column names lower case and stripped.

    The row after the header of a sheet is line 2; Parquet rows count from 1. Memory holds a part of the file only.

    Raises DataError for a missing or empty file, bytes that are not UTF-8, and any line that is no row.
    """
    rows = _READERS.get(path.suffix.lower(), _jsonl_rows)(path)
    empty = True
    for line, row in rows:
        empty = False
        yield line, row
    if empty:
        raise DataError("this file holds no rows", where=str(path), next_step="add rows, or take it out of the recipe")


def _jsonl_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(_lines(path), start=1):
        if not text.strip():
            continue
        where = f"{path}:{line}"
        value = _parse(text, where)
        if not isinstance(value, dict):
            raise DataError(
                f"this line is JSON but no object (it is {_json_kind(value)})",
                where=where,
                next_step='write each row as one object, e.g. {"instruction": "…", "output": "…"}',
            )
        yield line, _with_plain_names(value, where)


def _parse(text: str, where: str) -> Any:
    try:
        value = json.loads(text)
        # A lone surrogate such as \ud800 is legal JSON but no text: it could never be written as UTF-8 again.
        text.encode("utf-8") if "\\u" not in text else json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        problem = "half of a surrogate pair (\\ud800 to \\udfff) stands in this line"
    except RecursionError:
        problem = "this line is nested too deeply"
    except json.JSONDecodeError as error:
        problem = f"this line is not JSON: {error.msg} at column {error.colno}"
    except ValueError:  # a whole number of more than 4,300 digits
        problem = "this line holds a number that is too long"
    else:
        return value
    raise DataError(problem, where=where, next_step="each line must hold one JSON object; mend that line")


def _json_kind(value: Any) -> str:
    if value is None:
        return "null"
    return {"list": "an array", "str": "a string", "bool": "true or false"}.get(type(value).__name__, "a number")


def _lines(path: Path) -> Iterator[str]:
    """Lines with their ends, as UTF-8; a byte-order mark is dropped."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise DataError("file not found", where=str(path), next_step="check the path") from error
    with file:
        for number, data in enumerate(file, start=1):
            try:
                yield data.removeprefix(_MARK if number == 1 else b"").decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataError(
                    f"not UTF-8 (byte 0x{data[error.start]:02x} in this line)",
                    where=f"{path}:{number}",
                    next_step="save the file as UTF-8, e.g. `iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`",
                ) from error


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = _lines(path)
    before: list[str] = []
    for line in lines:
        before.append(line)
        if line.strip():
            break
    first = before[-1] if before else ""
    delimiter = max(_DELIMITERS, key=first.count)
    limit = csv.field_size_limit(_CELL_CHARS)
    try:
        yield from _cells(csv.reader(chain(before, lines), delimiter=delimiter, strict=True), path)
    finally:
        csv.field_size_limit(limit)


def _cells(reader: "Reader", path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    header: list[str] = []
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells, f"{path}:{line}")
                continue
            yield line, _csv_row(header, cells, f"{path}:{line}")
    except csv.Error as error:
        raise DataError(
            f"not readable as CSV: {error}",
            where=f"{path}:{start}",
            next_step='close every quote; a quote inside a cell is written twice ("")',
        ) from error


def _excel_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    header: list[str] = []
    for line, cells in sheet_rows(path):
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _header(cells, f"{path}:{line}")
            continue
        yield line, _csv_row(header, [*cells, *[""] * (len(header) - len(cells))], f"{path}:{line}")


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    from medtune.core.parquet import parquet_rows

    for line, row in enumerate(parquet_rows(path), start=1):
        yield line, _with_plain_names(row, f"{path}:{line}")


def _header(cells: list[str], where: str) -> list[str]:
    names = [_plain_name(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise DataError(
            f"columns of the same name: {', '.join(sorted(double)) or 'without a name'}",
            where=where,
            next_step="give each column of the first line its own name",
        )
    return names


def _csv_row(header: list[str], cells: list[str], where: str) -> dict[str, Any]:
    cells = cells[: len(header)] if not any(cells[len(header) :]) else cells
    if len(cells) != len(header):
        raise DataError(
            f"this row has {len(cells)} cells, the header has {len(header)}",
            where=where,
            next_step="put cells that hold commas, quotes or line breaks into double quotes",
        )
    return dict(zip(header, cells, strict=True))


def _with_plain_names(row: dict[str, Any], where: str) -> dict[str, Any]:
    plain = {_plain_name(name): value for name, value in row.items()}
    if len(plain) != len(row):
        raise DataError(
            "two keys of this row differ only in case or spaces", where=where, next_step="rename one of them"
        )
    return plain


def _plain_name(name: str) -> str:
    return name.strip().lower()


_READERS = {".jsonl": _jsonl_rows, ".csv": _csv_rows, ".xlsx": _excel_rows, ".parquet": _parquet_rows}
