"""What all records share, and reading and writing them as JSON lines."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from medtune.core.errors import RunDirError
from medtune.core.io import disk_errors, jsonl_line, read_json, read_jsonl, write_jsonl


class Row(BaseModel):
    """A row of a JSONL file of the run directory."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


RowT = TypeVar("RowT", bound=Row)


def read_rows(path: Path, kind: type[RowT]) -> list[RowT]:
    """Read rows of one kind. Raises RunDirError naming the line of a row that does not fit."""
    if not path.exists():
        raise _gone(path)
    rows = []
    for number, value in read_jsonl(path):
        try:
            rows.append(kind.model_validate(value))
        except ValidationError as error:
            raise RunDirError(
                f"this row is no {kind.__name__}: {error.errors()[0]['msg']}",
                where=f"{path}:{number}",
                next_step="run the stage that wrote it again",
            ) from None
    return rows


def iter_rows(path: Path, kind: type[RowT]) -> Iterator[RowT]:
    """The same rows one at a time: memory holds one. Raises as `read_rows` does."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise _gone(path) from error
    with file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                raise RunDirError(
                    f"this row is no {kind.__name__}: {error.errors(include_input=False)[0]['msg']}",
                    where=f"{path}:{number}",
                    next_step="run the stage that wrote it again",
                ) from None


def _gone(path: Path) -> RunDirError:
    return RunDirError(
        f"{path.name} is gone: it was purged (events.jsonl says when), or removed by hand",
        where=str(path),
        next_step="make it again: `medtune run RECIPE` starts with the first stage whose files are missing",
    )


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as JSON lines, whole or not at all; returns their count."""
    return write_jsonl(path, (row.model_dump(mode="json", exclude_none=True) for row in rows))


@contextlib.contextmanager
def row_writer(path: Path) -> Iterator[Callable[[Row], None]]:
    """Yields a function that writes one row; the file appears under its name when the block ends without an error."""
    temporary = path.with_name(f".{path.name}.tmp")
    with disk_errors(path):
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:

                def put(row: Row) -> None:
                    file.write(jsonl_line(row.model_dump(mode="json", exclude_none=True)))

                yield put
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def read_row_list(path: Path, kind: type[RowT]) -> list[RowT]:
    """Read rows from a JSON file that holds a list of them. Raises RunDirError naming a row that does not fit."""
    values = read_json(path)
    if not isinstance(values, list):
        raise RunDirError("not a list", where=str(path), next_step="run the stage that wrote it again")
    rows = []
    for number, value in enumerate(values):
        try:
            rows.append(kind.model_validate(value))
        except ValidationError as error:
            raise RunDirError(
                f"item {number} is no {kind.__name__}: {error.errors()[0]['msg']}",
                where=str(path),
                next_step="run the stage that wrote it again",
            ) from None
    return rows
