"""The user's own rows: JSONL and CSV in the shapes of `runs.records.shapes`. Never public: reports show no text."""

from pathlib import Path

from medtune.collect.source import Desk, Origin, SourceInput, digest_of, last_changed, source_facts
from medtune.config.collect import FilesSource
from medtune.core.errors import DataError
from medtune.core.tables import table_files
from medtune.runs.records.collect import Record, SourceFacts
from medtune.runs.records.shapes import SHAPES, ShapedRow, read_shaped


def inputs(_: FilesSource, given: SourceInput) -> tuple[Path, ...]:
    """The files to read, and the folder that they lie in. Raises DataError."""
    path = _path(given)
    return (*([path] if path.is_dir() else []), *table_files(path))


def collect(section: FilesSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Read every row; rows without question or answer are counted. Raises DataError naming file and line."""
    path = _path(given)
    files = table_files(path)
    documents: set[str] = set()
    for file in files:
        label = file.relative_to(path).as_posix() if path.is_dir() else file.name
        for row in read_shaped(file):
            if section.limit is not None and desk.kept >= section.limit:
                break
            if row.missing:
                desk.drop(row.missing)
                continue
            record = _record(row, given.name, f"{label}:{row.line}", section.licence)
            documents.add(record.document)
            desk.keep(record)
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
