"""The source that a `distill` source is made from: read whole into the raw folder, then taken one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.collect.source import Desk, SourceInput, SourceKind
from medtune.runs.records.base import iter_rows, row_writer
from medtune.runs.records.collect import Record, SourceFacts

SEEDS = "seeds.jsonl"
_FOLDER = "from"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


@dataclass(frozen=True)
class Seeds:
    """Records on disk, and what their source says of itself."""

    path: Path
    facts: SourceFacts

    def __iter__(self) -> Iterator[Record]:
        """Each record, in the source's order."""
        return iter_rows(self.path, Record)


def seed_input(section: Any, given: SourceInput) -> SourceInput:
    """Where the seeds' source reads, under the name that it would have by itself."""
    named = getattr(section, "name", None)
    stem = given.path.stem if given.path and section.kind == "files" else section.kind
    return SourceInput(path=given.path, name=named or stem)


def read_seeds(section: Any, given: SourceInput, desk: Desk, kinds: Mapping[str, SourceKind]) -> Seeds:
    """Read the seeds' source at a desk of its own below `desk.raw`; its warnings go to `desk`. Raises as it does."""
    desk.raw.mkdir(parents=True, exist_ok=True)
    desk.raw.chmod(_FOLDER_MODE)
    inner = seed_input(section, given)
    path = desk.raw / SEEDS
    with row_writer(path) as put:
        own = Desk(put=put, raw=desk.raw / _FOLDER, egress=desk.egress, sleep=desk.sleep)
        facts = kinds[section.kind].collect(section, inner, own)
    path.chmod(_FILE_MODE)
    for text in own.told():
        desk.warn(f"{inner.name}: {text}")
    return Seeds(path, facts)
