"""What every source takes and gives."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from medtune.core.hashing import digest_json, sha256_file
from medtune.runs.records.collect import Record, SourceFacts


@dataclass(frozen=True)
class SourceInput:
    """Where a source reads: `path` is resolved, None for data that medtune brings."""

    path: Path | None
    name: str
    """Unique in the run; record ids start with it."""


@dataclass(frozen=True)
class Collected:
    """What one source gave: its records, its line of sources.json and what a person should be told."""

    records: list[Record]
    facts: SourceFacts
    warnings: tuple[str, ...] = ()


@dataclass
class Tally:
    """Rows and dropped rows while a source is read."""

    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def drop(self, reason: str) -> None:
        """Count one row that is not kept."""
        self.rows += 1
        self.dropped[reason] += 1

    def keep(self) -> None:
        """Count one row that is kept."""
        self.rows += 1


def digest_of(path: Path, files: list[Path]) -> str:
    """sha256 of a file, or over the relative paths and digests of a folder's files."""
    if path.is_file():
        return sha256_file(path)
    return digest_json([[file.relative_to(path).as_posix(), sha256_file(file)] for file in files])


def last_changed(files: list[Path]) -> str:
    """Date (UTC) of the youngest file. The day of the run would make every later stage stale the day after."""
    return datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC).date().isoformat()


def unique_ids(records: list[Record]) -> tuple[list[Record], int]:
    """Give records of the same id a suffix; returns them and how many were renamed."""
    taken: set[str] = set()
    unique, renamed = [], 0
    for record in records:
        name, number = record.id, 1
        while name in taken:
            number += 1
            name = f"{record.id}~{number}"
        taken.add(name)
        renamed += number > 1
        unique.append(record if number == 1 else record.model_copy(update={"id": name}))
    return unique, renamed
