"""Examples as token ids with their mask, checked before the first step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medtune.chat import Encoded
from medtune.core.errors import DataError
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example

_SHOWN_IDS = 10


@dataclass(frozen=True)
class TrainRow:
    """One chat, or the part of one up to an answer: ids and mask of the same length."""

    id: str
    """The example's, with the number of the answer where the chat template makes several rows of a chat."""
    input_ids: tuple[int, ...]
    trained: tuple[bool, ...]


@dataclass(frozen=True)
class TokenFigures:
    """Tokens of a set of rows."""

    rows: int
    total: int
    trained: int

    @property
    def share(self) -> float:
        """Trained tokens of all tokens (0 to 1)."""
        return self.trained / self.total if self.total else 0.0


def encode_rows(
    examples: Sequence[Example],
    encode_each: Callable[[Sequence[Turn]], tuple[Encoded, ...]],
    stop_ids: frozenset[int],
    max_seq_length: int,
) -> list[TrainRow]:
    """Encode every example: one row, or one an answer where the chat template rewrites earlier turns.

    Raises DataError naming the ids: rows longer than `max_seq_length`, rows whose last message is not the assistant's,
    rows that would train nothing or not their end-of-turn token. ModelError of the template passes through.
    """
    rows = []
    for example in examples:
        encoded = encode_each(example.messages)
        for number, row in enumerate(encoded, start=1):
            name = example.id if len(encoded) == 1 else f"{example.id} answer {number}"
            rows.append(TrainRow(name, row.input_ids, row.trained))
    _refuse_long(rows, max_seq_length)
    _refuse(
        [row.id for row in rows if not any(row.trained)],
        "would train nothing: they hold no answer of the assistant",
        "remove them, or give each an assistant message at its end",
    )
    _refuse(
        [row.id for row in rows if not _last_trained_ends_turn(row, stop_ids)],
        "do not train the end-of-turn token: the model would not learn to stop",
        "check the base model's chat template",
    )
    return rows


def figures(rows: Sequence[TrainRow]) -> TokenFigures:
    """Count tokens. The first token of a row has nothing before it and is never predicted."""
    return TokenFigures(
        rows=len(rows),
        total=sum(len(row.input_ids) for row in rows),
        trained=sum(sum(row.trained[1:]) for row in rows),
    )


def require_a_batch(rows: Sequence[TrainRow], batch_size: int, path: str) -> None:
    """Raise DataError when the rows do not fill one batch."""
    if len(rows) < batch_size:
        raise DataError(
            f"{len(rows)} training rows do not fill one batch of {batch_size}",
            where=path,
            next_step="add data, loosen `prepare:` (its stats.json says what was rejected) or lower train.batch_size",
        )


def _refuse_long(rows: Sequence[TrainRow], max_seq_length: int) -> None:
    long = sorted((row for row in rows if len(row.input_ids) > max_seq_length), key=lambda row: -len(row.input_ids))
    if long:
        shown = ", ".join(f"{row.id} ({len(row.input_ids)} tokens)" for row in long[:_SHOWN_IDS])
        raise DataError(
            f"{len(long)} rows are longer than train.max_seq_length = {max_seq_length}; nothing is cut silently",
            where=shown + _more(len(long)),
            next_step=f"set train.max_seq_length to {len(long[0].input_ids)} or prepare.max_tokens to {max_seq_length}",
        )


def _refuse(ids: Sequence[str], what: str, next_step: str) -> None:
    if ids:
        raise DataError(
            f"{len(ids)} rows {what}", where=", ".join(ids[:_SHOWN_IDS]) + _more(len(ids)), next_step=next_step
        )


def _more(count: int) -> str:
    return f" and {count - _SHOWN_IDS} more" if count > _SHOWN_IDS else ""


def _last_trained_ends_turn(row: TrainRow, stop_ids: frozenset[int]) -> bool:
    last = max(index for index, trained in enumerate(row.trained) if trained)
    return row.input_ids[last] in stop_ids
