"""Rows that fit: an answer of some length, and a rendered chat of at most so many tokens."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medtune.core.text import fold
from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.prepare import TOO_LONG, TOO_LONG_FOR_TASK, TOO_LONG_TO_ASK

if TYPE_CHECKING:
    from medtune.chat.template import ChatTokenizer


@dataclass(frozen=True)
class Measured:
    """A draft that fits, and the tokens of each training row that its chat becomes (one, or one an answer)."""

    draft: Draft
    lengths: tuple[int, ...]


@dataclass(frozen=True)
class Limits:
    """Longest row and, for rows in a task's form, longest answer; in tokens."""

    row_tokens: int
    form_tokens: int


def drop_short(drafts: Iterable[Draft], min_chars: int, rejections: Rejections) -> Iterator[Draft]:
    """Leave out drafts whose last answer has fewer characters."""
    for draft in drafts:
        if len(fold(draft.messages[-1].content)) < min_chars:
            rejections.add(draft.id, "length", "answer shorter than prepare.min_answer_chars")
        else:
            yield draft


def measured(
    drafts: Iterable[Draft],
    tokenizer: "ChatTokenizer",
    limits: Limits,
    rejections: Rejections,
    cut: Callable[[int], None] = lambda _: None,
) -> Iterator[Measured]:
    """Yield each draft that fits with the tokens of its rendered chat; `cut` is told the tokens of each that does not.

    Raises ModelError as the tokenizer does.
    """
    for draft in drafts:
        rows = tokenizer.encode_each(draft.messages)
        lengths = tuple(len(row.input_ids) for row in rows)
        if draft.converter == "gold":
            # Only its questions are used; its answers may be of any length.
            if len(tokenizer.encode_prompt(draft.messages[:-1])) > limits.row_tokens:
                rejections.add(draft.id, "length", TOO_LONG_TO_ASK)
            else:
                yield Measured(draft, lengths)
        elif max(lengths) > limits.row_tokens:
            cut(max(lengths))
            rejections.add(draft.id, "length", TOO_LONG)
        elif draft.converter == "terms" and max(sum(row.trained) for row in rows) > limits.form_tokens:
            rejections.add(draft.id, "length", TOO_LONG_FOR_TASK)
        else:
            yield Measured(draft, lengths)
