"""What a converter is given: cleaned records, the task and the recipe's plain values."""

from collections.abc import Iterable
from dataclasses import dataclass

from medtune.runs.records.collect import Record
from medtune.tasks import Task


@dataclass(frozen=True)
class ConvertInput:
    """The same for every converter; each takes what it needs."""

    records: Iterable[Record]
    """Cleaned; can be gone through several times, from disk each time."""
    task: Task
    public_sources: frozenset[str]
    """Names of the sources whose text a report may show."""
    sentences_per_part: int
    seed: int = 0
    """For the choice between wordings."""

    def is_public(self, source: str) -> bool:
        """Whether a report may show rows of this source."""
        return source in self.public_sources


def form_of(record: Record) -> str:
    """What sort of record it is: `qa`, `messages`, or the form of a document."""
    return record.form if record.kind == "document" else record.kind
