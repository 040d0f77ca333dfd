"""Rows that wait on disk between two passes, so that memory holds numbers and names only.

The file is marshal data that this process alone writes and reads; it lies in the stage's own folder (0700), has no
name there any more once it is open, and is gone when the process ends, however that happens.
"""

import marshal
import os
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medtune.core.io import disk_errors
from medtune.prepare.draft import Draft
from medtune.runs.records.collect import Passage, Record, Turn

_RECORD_PLAIN = tuple(name for name in Record.model_fields if name not in ("messages", "passages"))


class Shelf:
    """Values that marshal can write, by their number from 0."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        descriptor, name = tempfile.mkstemp(prefix=".rows-", dir=folder)
        self._file = os.fdopen(descriptor, "w+b", buffering=1 << 20)
        Path(name).unlink()
        self._starts = array("Q", [0])
        self._written = True

    def __len__(self) -> int:
        return len(self._starts) - 1

    def put(self, value: Any) -> int:
        """Write one value; returns its number."""
        data = marshal.dumps(value)
        if not self._written:
            self._file.seek(self._starts[-1])
            self._written = True
        with disk_errors(self._folder):
            self._file.write(data)
        self._starts.append(self._starts[-1] + len(data))
        return len(self._starts) - 2

    def get(self, number: int) -> Any:
        """The value of that number."""
        if self._written:
            with disk_errors(self._folder):
                self._file.flush()
            self._written = False
        start, end = self._starts[number], self._starts[number + 1]
        return marshal.loads(os.pread(self._file.fileno(), end - start, start))

    def __iter__(self) -> Iterator[Any]:
        return (self.get(number) for number in range(len(self)))

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()


def pack_record(record: Record) -> tuple[Any, ...]:
    """A record as plain values."""
    return (
        tuple(getattr(record, name) for name in _RECORD_PLAIN),
        tuple((turn.role, turn.content) for turn in record.messages),
        tuple((part.name, part.heading, part.text) for part in record.passages),
    )


def unpack_record(value: tuple[Any, ...]) -> Record:
    """The record again; it was valid when it was packed."""
    plain, turns, parts = value
    return Record.model_construct(
        **dict(zip(_RECORD_PLAIN, plain, strict=True)),
        messages=_turns(turns),
        passages=tuple(Passage.model_construct(name=name, heading=head, text=text) for name, head, text in parts),
    )


def pack_draft(draft: Draft) -> tuple[Any, ...]:
    """A draft as plain values."""
    turns = tuple((turn.role, turn.content) for turn in draft.messages)
    return (
        draft.id, turns, draft.topic, draft.keys, draft.converter, draft.records, draft.source, draft.licence,
        draft.public, draft.term, draft.template,
    )  # fmt: skip


def unpack_draft(value: tuple[Any, ...]) -> Draft:
    """The draft again."""
    identity, turns, *rest = value
    return Draft(identity, _turns(turns), *rest)


def _turns(turns: tuple[tuple[Any, str], ...]) -> tuple[Turn, ...]:
    return tuple(Turn.model_construct(role=role, content=content) for role, content in turns)
