"""Held-out chats as token ids with the mask of the assistant's tokens: what fidelity and gain are measured on."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtune.chat.template import ChatTokenizer
from medtune.llamacpp.score import ScoredText
from medtune.runs.records.prepare import Example


@dataclass(frozen=True)
class HeldOut:
    """The rows that are scored; the lists run side by side."""

    rows: tuple[str, ...]
    """Ids of the examples."""
    topics: tuple[str, ...]
    """Rows of one topic are not independent: intervals draw whole topics."""
    texts: tuple[ScoredText, ...]

    @property
    def tokens(self) -> int:
        """Assistant tokens in all."""
        return sum(sum(text.scored) for text in self.texts)


def held_out(examples: Sequence[Example], tokenizer: ChatTokenizer, *, most: int, context: int | None) -> HeldOut:
    """At most `most` examples, spread evenly over those given, that fit into the model's context."""
    rows, topics, texts = [], [], []
    for example in _spread(examples, most):
        for encoded in tokenizer.encode_each(example.messages):
            if context is not None and len(encoded.input_ids) > context:
                continue
            rows.append(example.id)
            topics.append(example.topic or example.id)
            texts.append(ScoredText(encoded.input_ids, encoded.trained))
    return HeldOut(tuple(rows), tuple(topics), tuple(texts))


def _spread(examples: Sequence[Example], most: int) -> list[Example]:
    if len(examples) <= most:
        return list(examples)
    return [examples[number * len(examples) // most] for number in range(most)]
