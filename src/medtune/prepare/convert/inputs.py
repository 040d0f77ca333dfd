"""What a converter is given: cleaned records, the task and the recipe's plain values."""

from dataclasses import dataclass

from medtune.runs.records.collect import Record
from medtune.tasks import Task


@dataclass(frozen=True)
class ConvertInput:
    """The same for every converter; each takes what it needs."""

    records: tuple[Record, ...]
    """Cleaned and sorted by id."""
    task: Task
    public_sources: frozenset[str]
    """Names of the sources whose text a report may show."""
    sentences_per_part: int

    def is_public(self, source: str) -> bool:
        """Whether a report may show rows of this source."""
        return source in self.public_sources
