"""What is done to each record before it is converted, in this order. A step is one line in `record_steps`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from medtune.prepare.draft import Rejections
from medtune.prepare.steps.clean import clean_record
from medtune.prepare.steps.language import language_step
from medtune.runs.records.collect import Record


@dataclass(frozen=True)
class RecordStep:
    """A step sees one record at a time: it gives it back (changed or not), or says why it is left out."""

    name: str
    """As rejected.jsonl writes it."""
    do: Callable[[Record], Record | str]
    """A reason names no content."""


def record_steps(kinds: Mapping[str, str], repair: bool, languages: Sequence[str]) -> tuple[RecordStep, ...]:
    """The steps; `kinds` says of which kind each source is.

    What looks for identifiers comes last: it then reads clean text, and nothing is converted that it did not see.
    """
    steps = [RecordStep("normalise", lambda record: clean_record(record, kinds.get(record.source, ""), repair))]
    if languages:
        steps.append(RecordStep("language", language_step(languages)))
    return tuple(steps)


def apply_steps(records: Iterable[Record], steps: Sequence[RecordStep], rejections: Rejections) -> Iterator[Record]:
    """Each record that every step lets pass."""
    for record in records:
        passed = _pass(record, steps)
        if isinstance(passed, Record):
            yield passed
        else:
            rejections.add(record.id, *passed)


def _pass(record: Record, steps: Sequence[RecordStep]) -> Record | tuple[str, str]:
    """The record after all steps, or the step that left it out and why."""
    for step in steps:
        found = step.do(record)
        if isinstance(found, str):
            return step.name, found
        record = found
    return record
