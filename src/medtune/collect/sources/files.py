"""The user's own rows in tables, in the shapes of `runs.records.shapes`. Never public: reports show no text."""

import re
from collections.abc import Mapping
from pathlib import Path

from medtune.collect.source import Desk, Origin, SourceInput, digest_of, last_changed, source_facts
from medtune.config.collect import FilesSource
from medtune.core.errors import DataError
from medtune.core.tables import table_files
from medtune.runs.records.collect import Record, SourceFacts
from medtune.runs.records.shapes import SHAPES, ShapedRow, read_shaped

_ROW_CHARS = 1_000_000
"""Of question and answer together; no context of a model that medtune trains holds a row of so many."""
_FORMULA = re.compile(r"\s*=\s*[A-Za-z_@+(-][A-Za-z0-9_.|!]*\s*[(!|]")
"""What a spreadsheet would run: =CMD|…, =HYPERLINK(…). A reading such as «= 5 mg» is none."""


def inputs(_: FilesSource, given: SourceInput) -> tuple[Path, ...]:
    """The files to read, and the folder that they lie in. Raises DataError."""
    path = _path(given)
    return (*([path] if path.is_dir() else []), *table_files(path))


def collect(section: FilesSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Read every row; rows without question or answer are counted. Raises DataError naming file and line."""
    path = _path(given)
    files = table_files(path)
    columns = {str(field): column for field, column in section.columns.items()}
    documents: set[str] = set()
    for file in files:
        label = file.relative_to(path).as_posix() if path.is_dir() else file.name
        documents |= read_rows_of(
            file,
            desk,
            label=label,
            source=given.name,
            licence=section.licence,
            columns=columns,
            limit=section.limit,
        )
    if not desk.kept:
        raise DataError(
            "no row of this source has both a question and an answer", where=str(path), next_step=f"fill in {SHAPES}"
        )
    origin = Origin(kind="files", licence=section.licence, attribution="", url="", public=False)
    return source_facts(
        given.name,
        origin,
        desk,
        retrieved=last_changed(files),
        sha256=digest_of(path, files),
        documents=len(documents),
    )


def read_rows_of(
    file: Path, desk: Desk, *, label: str, source: str, licence: str, columns: Mapping[str, str], limit: int | None
) -> set[str]:
    """Put the rows of one file on the desk, named by `label`; returns their documents. Raises DataError."""
    documents: set[str] = set()
    for row in read_shaped(file, columns):
        if limit is not None and desk.kept >= limit:
            break
        if problem := row.missing or _unusable(row, file.suffix.lower()):
            desk.drop(problem, f"{source}/{label}:{row.line}")
            continue
        record = _record(row, source, f"{label}:{row.line}", licence)
        documents.add(record.document)
        desk.keep(record)
    return documents


def _unusable(row: ShapedRow, suffix: str) -> str:
    """Why a whole row is left out, or an empty string."""
    texts = (row.question, row.answer, *(turn.content for turn in row.messages))
    if sum(map(len, texts)) > _ROW_CHARS:
        return "row of more than a million characters"
    if suffix in (".csv", ".xlsx") and any(_FORMULA.match(text) for text in texts):
        return "a cell holds a formula"
    return ""


def _path(given: SourceInput) -> Path:
    assert given.path is not None, "a `files` source always has a path"
    return given.path


def _record(row: ShapedRow, source: str, place: str, licence: str) -> Record:
    """One record; a row is its own document unless it names one."""
    name = f"{source}/{place}"
    return Record(
        id=name,
        source=source,
        kind="messages" if row.messages else "qa",
        topic=row.topic,
        document=f"{source}/{row.document}" if row.document else name,
        question=row.question,
        answer=row.answer,
        question_type=row.question_type,
        messages=row.messages,
        url=row.url,
        licence=licence,
    )
