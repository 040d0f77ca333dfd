"""What every source takes and gives."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from medtune.core.hashing import digest_json, sha256_file
from medtune.core.net import Egress
from medtune.runs.records.collect import Record, SourceFacts
from medtune.runs.records.distill import DistillFacts, Unaccepted
from medtune.runs.records.prepare import Rejected

STEP = "collect"
"""The step of rows that a source leaves out, as rejected.jsonl writes it."""
_NAMED = 10
"""So many renamed records are named in a warning."""
_RENAMED = "records had an id that was taken and got a suffix"


@dataclass(frozen=True)
class SourceInput:
    """Where a source reads: `path` is resolved, None for data that medtune brings or fetches."""

    path: Path | None
    name: str
    """Unique in the run; record ids start with it."""


@dataclass
class Desk:
    """Where one source puts what it finds: records and dropped rows go on at once, so memory stays flat."""

    put: Callable[[Record], None]
    raw: Path
    """Folder for the source's raw snapshot; kept in the stage, and found again after a kill."""
    egress: Egress = field(default_factory=Egress)
    sleep: Callable[[float], None] = time.sleep
    """How a source waits between requests and after failures; tests wait less."""
    refuse: Callable[[Rejected], None] = lambda _: None
    """Takes each dropped row: its id and why, never its text."""
    rows: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    renamed: int = 0
    renamed_first: list[str] = field(default_factory=list)
    distilled: DistillFacts | None = None
    """What a teacher was asked, where the source has one."""
    unaccepted: list[Unaccepted] = field(default_factory=list)
    """What it was to write and did not."""
    _taken: set[bytes] = field(default_factory=set)

    def keep(self, record: Record) -> None:
        """Take one record; an id that is taken gets a suffix."""
        name, number = record.id, 1
        while (key := blake2b(name.encode(), digest_size=12).digest()) in self._taken:
            number += 1
            name = f"{record.id}~{number}"
        self._taken.add(key)
        if number > 1:
            self.renamed += 1
            self.renamed_first += [name] if self.renamed <= _NAMED else []
        self.rows += 1
        self.kept += 1
        self.put(record if number == 1 else record.model_copy(update={"id": name}))

    def drop(self, reason: str, identity: str = "") -> None:
        """Count one row that is not kept and name it; `identity` starts with the source's name, as records' ids do."""
        self.rows += 1
        self.dropped[reason] += 1
        self.refuse(Rejected(id=identity or f"row {self.rows}", step=STEP, reason=reason))

    def warn(self, text: str) -> None:
        """Something that a person should be told; names of records and files only, never their text."""
        self.warnings.append(text)

    def told(self) -> tuple[str, ...]:
        """All warnings, renamed records among them."""
        more = f" and {self.renamed - _NAMED} more" if self.renamed > _NAMED else ""
        named = f"{self.renamed} {_RENAMED}: {', '.join(self.renamed_first)}{more}"
        return (*self.warnings, *([named] if self.renamed else []))


@dataclass(frozen=True)
class Origin:
    """What a source says of itself: one half of its line in sources.json, the desk knows the other."""

    kind: str
    licence: str
    attribution: str
    url: str
    public: bool
    terms: str = ""
    """What a user of this data must accept, in a sentence or two with the address of the terms."""


@dataclass(frozen=True)
class SourceKind:
    """How one kind of source is read; all take its section of the recipe."""

    inputs: Callable[[Any, SourceInput], tuple[Path, ...]]
    """The files outside the run directory that would be read (and folders whose list of files counts)."""
    collect: Callable[[Any, SourceInput, Desk], SourceFacts]
    """Puts every record on the desk and says what the source is."""
    address: Callable[[Any], str | None] = lambda _: None
    """The network address that it asks; None when it only reads this machine."""
    terms: str = ""
    """What a user of its data must accept."""
    plan: Callable[[Any, SourceInput, Egress], list[str]] | None = None
    """What would be done, in words, where the stage's own words do not fit."""
    keeps: tuple[str, ...] = ()
    """Files of its raw folder that serve other settings of it, too: they outlive a change of the recipe."""


def source_facts(name: str, origin: Origin, desk: Desk, *, retrieved: str, sha256: str, documents: int) -> SourceFacts:
    """One line of sources.json."""
    return SourceFacts(
        name=name,
        kind=origin.kind,
        licence=origin.licence,
        attribution=origin.attribution,
        url=origin.url,
        terms=origin.terms,
        retrieved=retrieved,
        sha256=sha256,
        documents=documents,
        rows=desk.rows,
        kept=desk.kept,
        dropped=dict(sorted(desk.dropped.items())),
        public=origin.public,
    )


def digest_of(path: Path, files: list[Path]) -> str:
    """sha256 of a file, or over the relative paths and digests of a folder's files."""
    if path.is_file():
        return sha256_file(path)
    return digest_json([[file.relative_to(path).as_posix(), sha256_file(file)] for file in files])


def last_changed(files: list[Path]) -> str:
    """Date (UTC) of the youngest file. The day of the run would make every later stage stale the day after."""
    return datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC).date().isoformat()
