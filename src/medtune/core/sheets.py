"""The first sheet of an Excel workbook, row by row, every cell as the text that a person would type.

openpyxl (MIT, pure Python, 0.3 MB) reads what Excel writes; it is imported on first use.
"""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError

_UNPACKED_BYTES = 2 << 30
"""A workbook that unpacks to more is refused before it is opened."""


def sheet_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (row from 1, cells) of the first sheet; a formula stands for the value that Excel last computed.

    Raises DataError for a file that is no workbook, is protected, or unpacks to more than memory should hold.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    _check_size(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise _unreadable(path) from error
    try:
        if not book.worksheets:
            raise _unreadable(path)
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            yield number, [_text(cell) for cell in row]
    finally:
        book.close()


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
    except FileNotFoundError as error:
        raise DataError("file not found", where=str(path), next_step="check the path") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise _unreadable(path) from error
    if size > _UNPACKED_BYTES:
        raise DataError(
            f"this workbook unpacks to {size >> 20} MiB", where=str(path), next_step="export the sheet as CSV"
        )


def _unreadable(path: Path) -> DataError:
    return DataError(
        "not a readable .xlsx workbook (perhaps protected by a password, or an old .xls)",
        where=str(path),
        next_step="open it in Excel or LibreOffice and save the sheet as .xlsx or CSV",
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
