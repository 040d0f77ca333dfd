"""One source read at a desk of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.collect.source import Desk, SourceInput
from medtune.core.net import Egress
from medtune.runs.records.collect import Record, SourceFacts


@dataclass(frozen=True)
class Collected:
    """What a source put on its desk."""

    records: list[Record]
    facts: SourceFacts
    warnings: tuple[str, ...]


def read_source(
    collect: Callable[[Any, SourceInput, Desk], SourceFacts],
    section: Any,
    given: SourceInput,
    raw: Path = Path("unused"),
    egress: Egress | None = None,
) -> Collected:
    """Run one source; `raw` is where its snapshot lies."""
    records: list[Record] = []
    desk = Desk(put=records.append, raw=raw, egress=egress or Egress())
    facts = collect(section, given, desk)
    return Collected(records, facts, desk.told())
