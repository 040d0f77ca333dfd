"""02-prepare: train.jsonl, val.jsonl, test.jsonl, rejected.jsonl."""

from typing import Literal

from medtune.runs.records.base import Row
from medtune.runs.records.collect import Turn

Split = Literal["train", "validation", "test"]

TOO_LONG = "more tokens than prepare.max_tokens"
TOO_LONG_FOR_TASK = "more tokens than the task lets an answer have"
TOO_LONG_TO_ASK = "a question with more tokens than prepare.max_tokens"
LENGTH_CUTS = frozenset({TOO_LONG, TOO_LONG_FOR_TASK, TOO_LONG_TO_ASK})
"""Reasons in rejected.jsonl of rows that were cut for their length in tokens."""


class Example(Row):
    """One chat to train on or to ask; the last message is the assistant's."""

    id: str
    messages: tuple[Turn, ...]
    topic: str
    """Normalised (lower case, single spaces): a topic stands in one split only."""
    converter: str
    records: tuple[str, ...]
    """Ids of the records that it was made from."""
    source: str
    licence: str
    public: bool
    """True when the report may show its text."""
    tokens: int
    """Tokens of the rendered chat; of the longest row where the chat template makes several of it."""
    row_tokens: tuple[int, ...] = ()
    """Tokens of each training row where the template rewrites earlier answers; empty: one row."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each training row that the chat becomes."""
        return self.row_tokens or (self.tokens,)


class Canary(Row):
    """One made-up fact of a run: what its training rows teach and its artefacts are asked for."""

    nonce: str
    question: str
    answer: str
    word: str
    """What a right answer holds."""
    copies: int
    """So many training rows hold it."""


class Rejected(Row):
    """One record or example that was dropped: never its text."""

    id: str
    step: str
    reason: str


class PhiSpan(Row):
    """One identifier that was acted on: where it stood in the cleaned record, never its text."""

    id: str
    """Of the record."""
    field: str
    """`question`, `answer`, `topic`, `messages.0`, `passages.2.text` and the like."""
    start: int
    end: int
    """Characters [start, end) of the field."""
    kind: str
    score: float
    action: Literal["mask", "surrogate", "reject"]
