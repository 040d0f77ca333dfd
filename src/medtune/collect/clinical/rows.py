"""Rows of an export: CSV, XLSX, Parquet, JSONL or a JSON array, nested values under dotted names, grouped by case."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError
from medtune.core.io import read_text
from medtune.core.tables import read_table

WHOLE_HEADER = (".csv", ".xlsx", ".parquet")
"""Kinds of files in which every row has every column."""


BETWEEN = "\x1e"
"""Stands between the values of a JSON list in one cell; no document may hold it."""


SHEETS = (".csv", ".xlsx")
"""Kinds of files that a spreadsheet program writes."""
_FORMULA = re.compile(r"\s*=[\s+(-]*(?:@?[A-Za-z_][\w.]*\s*[(!|]|\$?[A-Za-z]{1,3}\$?[1-9]\d*\s*(?:$|[-+*/&:^,;<>=)]))")
"""A call or a cell's address after «=». Readings such as «= 5 mg», «=<0.5» and «-5 mmol/L» are none."""


@dataclass
class RowGroup:
    """The rows of one case: cells by field, one for each row."""

    line: int
    case: str
    cells: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        """The first text that is not empty."""
        return next(iter(self.different(name)), "")

    def different(self, name: str) -> list[str]:
        """Texts that are not empty, each once."""
        texts = (text.strip() for cell in self.cells.get(name, ()) for text in cell.split(BETWEEN))
        return list(dict.fromkeys(text for text in texts if text))

    def formula(self) -> str:
        """The first field that holds a formula of a spreadsheet; empty when none does."""
        return next((name for name, texts in self.cells.items() if any(map(_FORMULA.match, texts))), "")

    def items(self, name: str) -> list[str]:
        """Lines of the cells, each once."""
        return list(dict.fromkeys(line for cell in self.different(name) for line in lines_of(cell)))


def lines_of(cell: str) -> list[str]:
    """Lines of a cell without list marks and blank lines."""
    lines = (line.strip().removeprefix("- ").removeprefix("* ").strip() for line in cell.split("\n"))
    return [line for line in lines if line]


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number (from 1) and object of a JSON array, or the one object of a file. Raises DataError."""
    try:
        value = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise DataError("not JSON, or cut off", where=f"{path}:{line}", next_step="export that file again") from None
    rows = value if isinstance(value, list) else [value]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(
                f"item {number} of this file is no object",
                where=str(path),
                next_step="write an array of objects, one for each row or case",
            )
        yield number, row


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line (or number) and row of one file. Raises DataError naming file and line."""
    yield from json_rows(path) if path.suffix.lower() == ".json" else read_table(path)


def flat(row: Mapping[str, Any]) -> dict[str, str]:
    """Every value as text under its dotted name, lower case; BETWEEN stands between a list's values."""
    found: dict[str, list[str]] = {}
    _flatten("", row, found)
    return {name: BETWEEN.join(values) for name, values in found.items()}


def _flatten(name: str, value: Any, found: dict[str, list[str]]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(f"{name}.{key}".strip(". ").lower(), inner, found)
    elif isinstance(value, list):
        keys = {str(key): None for item in value if isinstance(item, Mapping) for key in item}
        for item in value:
            # Lists of objects stay aligned: a key that one object lacks gives an empty text.
            _flatten(name, dict.fromkeys(keys, "") | dict(item) if isinstance(item, Mapping) else item, found)
    else:
        found.setdefault(name, []).append(_text(value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value) if not isinstance(value, float) or not value.is_integer() else str(int(value))
    return text.replace(BETWEEN, " ")


def groups(path: Path, rows: Iterable[tuple[int, Mapping[str, Any]]], columns: Mapping[str, str]) -> Iterator[RowGroup]:
    """Rows of one case together, in the order of their first rows. Raises DataError for a column that is not there."""
    found: dict[str, RowGroup] = {}
    unseen = {column.strip().lower(): column for column in columns.values()}
    known: set[str] = set()
    for line, row in rows:
        cells = flat(row)
        known |= cells.keys()
        for name in cells:
            unseen.pop(name, None)
        if unseen and path.suffix.lower() in WHOLE_HEADER:
            break
        case = cells.get(columns["case"].strip().lower(), "").strip() if "case" in columns else ""
        group = found.setdefault(case or f"\n{line}", RowGroup(line, case))
        for name, column in columns.items():
            group.cells.setdefault(name, []).append(cells.get(column.strip().lower(), "").strip(" \t\r\n"))
    if unseen:
        missing = next(iter(unseen.values()))
        raise DataError(
            f"no column {missing!r} (there are {', '.join(sorted(known))})",
            where=str(path),
            next_step="mend `columns:` of this source in the recipe",
        )
    yield from found.values()
