"""Placed drafts to examples: measured, drawn, joined by refusals, and written in their order."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medtune.core.console import progress
from medtune.core.hashing import sha256_text
from medtune.core.text import fold
from medtune.prepare.convert import refusal
from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.engines import Engine, batched
from medtune.prepare.ledger import Ledger
from medtune.prepare.split import SplitRule, asking_order
from medtune.prepare.stats import Tally
from medtune.prepare.steps.length import Limits, Measured, measured
from medtune.prepare.work import MeasureWork, tokenizer_of
from medtune.runs.records.prepare import Example, Split
from medtune.tasks import Task

_TOPICS_IN_MEMORY = 100_000


@dataclass(frozen=True)
class RowSettings:
    """What decides about rows after the split."""

    max_tokens: int
    refusals: bool
    refusal_share: float
    """Of the training rows, refusals included (0 to 1)."""
    max_train_rows: int | None
    base_folder: Path
    """Where the base model's tokenizer lies."""
    rule: SplitRule

    def refusal_count(self, rows: int, *, of_all: bool) -> int:
        """Refusals for `rows` rows; `of_all` says whether these include the refusals."""
        if not self.refusals:
            return 0
        return (
            round(rows * self.refusal_share) if of_all else round(rows * self.refusal_share / (1 - self.refusal_share))
        )


@dataclass(frozen=True)
class Rows:
    """Drafts with their places."""

    ledger: Ledger
    splits: Sequence[Split]
    ranks: NDArray[np.int64]
    """How their ids sort."""
    left: frozenset[int]
    """Numbers of those that go no further."""

    def of(self, name: Split) -> list[int]:
        """Numbers of a split's drafts, sorted by id."""
        own = [number for number, split in enumerate(self.splits) if split == name and number not in self.left]
        return sorted(own, key=self.ranks.__getitem__)


class Lengths:
    """Tokens of the rows that each training draft becomes, by the draft's number: four bytes a draft, more only where
    one draft becomes several rows."""

    def __init__(self) -> None:
        self._one = array("i")
        self._several: dict[int, tuple[int, ...]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return (number for number, tokens in enumerate(self._one) if tokens)

    def __getitem__(self, number: int) -> tuple[int, ...]:
        return self._several.get(number) or (self._one[number],)

    def __setitem__(self, number: int, lengths: tuple[int, ...]) -> None:
        """Note a draft for the first time."""
        if number >= len(self._one):
            self._one.frombytes(bytes(self._one.itemsize * (number + 1 - len(self._one))))
        self._count += 1
        self._one[number] = max(lengths)
        if len(lengths) > 1:
            self._several[number] = lengths


Passes = Callable[[Iterable[Draft], Rejections], Iterator[Draft]]


def write_splits(
    rows: Rows,
    settings: RowSettings,
    task: Task,
    rejections: Rejections,
    *,
    engine: Engine,
    guard: Passes,
    put: Mapping[Split, Callable[[Example], None]],
    tally: Tally,
    first: Sequence[Example],
) -> list[str]:
    """Measure and write every split; returns warnings. `guard` keeps refusals from asking what an audit asks."""
    limits = Limits(settings.max_tokens, task.decoding.max_tokens)
    scale = _Scale(MeasureWork(settings.base_folder, limits), engine, rejections, tally)
    ledger = rows.ledger

    def write(name: Split, example: Example, template: str = "") -> None:
        tally.add(name, example, template)
        put[name](example)

    with progress(len(ledger) - len(rows.left), "measuring rows") as bar:
        lengths = Lengths()
        for number, tokens in _train_lengths(rows, settings, scale, bar.advance):
            lengths[number] = tokens
        warnings = _add_refusals(ledger, lengths, settings, task, guard=guard, scale=scale)
        for example in first:
            write("train", example)
        for number in sorted(lengths, key=ledger.ids.__getitem__):
            draft = ledger[number]
            write("train", example_of(Measured(draft, lengths[number])), draft.template)
        for number, tokens in scale.weigh(ledger, rows.of("validation")):
            if tokens:
                draft = ledger[number]
                write("validation", example_of(Measured(draft, tokens)), draft.template)
            bar.advance()
        tests = [_Slim(number, draft.id, draft.topic, draft.converter) for number, draft in _drafts(rows, "test")]
        for number, tokens in scale.weigh(ledger, [slim.number for slim in asking_order(tests, settings.rule)]):
            if tokens:
                draft = ledger[number]
                write("test", example_of(Measured(draft, tokens)), draft.template)
            bar.advance()
    return warnings


@dataclass(frozen=True, slots=True)
class _Slim:
    """What asking_order looks at."""

    number: int
    id: str
    topic: str
    converter: str


@dataclass(frozen=True)
class _Scale:
    work: MeasureWork
    engine: Engine
    rejections: Rejections
    tally: Tally

    def weigh(self, ledger: Ledger, numbers: Iterable[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The number of each of these drafts with its tokens, in order; none where it does not fit."""
        asked, given = tee(numbers)
        batches = batched(ledger[number] for number in given)
        weighed = chain.from_iterable(self.engine.map(self.work, batches))
        for number, found in zip(asked, weighed, strict=False):
            self.rejections.rows += found.left_out
            for tokens in found.cut:
                self.tally.cut(tokens)
            yield number, found.lengths

    def measure(self, drafts: Iterable[Draft]) -> Iterator[Measured]:
        """The same for drafts that are made one by one."""
        return measured(drafts, tokenizer_of(self.work.base_folder), self.work.limits, self.rejections, self.tally.cut)


def example_of(found: Measured) -> Example:
    """The row as it is written."""
    draft, lengths = found.draft, found.lengths
    return Example.model_construct(
        id=draft.id,
        messages=draft.messages,
        topic=draft.topic,
        converter=draft.converter,
        records=draft.records,
        source=draft.source,
        licence=draft.licence,
        public=draft.public,
        tokens=max(lengths),
        row_tokens=lengths if len(lengths) > 1 else (),
    )


def _drafts(rows: Rows, name: Split) -> Iterator[tuple[int, Draft]]:
    return ((number, rows.ledger[number]) for number in rows.of(name))


def _train_lengths(
    rows: Rows, settings: RowSettings, scale: _Scale, advance: Callable[[], None]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Number and lengths of each training row that fits; at most `max_train_rows`, in a seeded order."""
    numbers, most, seed = rows.of("train"), settings.max_train_rows, settings.rule.seed
    room = len(numbers)
    if most is not None:
        room = most - settings.refusal_count(most, of_all=True)
        numbers.sort(key=lambda number: sha256_text(f"{seed}:draw:{rows.ledger.ids[number]}"))
    weighed = scale.weigh(rows.ledger, numbers)
    for number in numbers:
        if not room:
            return
        _, tokens = next(weighed)
        if tokens:
            yield number, tokens
            room -= 1
        advance()


def _add_refusals(
    ledger: Ledger,
    lengths: Lengths,
    settings: RowSettings,
    task: Task,
    *,
    guard: Passes,
    scale: _Scale,
) -> list[str]:
    """Refusals about topics of the training rows, and a warning when there are fewer than the share asks for."""
    if not settings.refusals:
        return []
    wanted = settings.refusal_count(len(lengths), of_all=False)
    topics = _topics(ledger, lengths, max(_TOPICS_IN_MEMORY, 4 * wanted), settings.rule.seed)
    made = refusal.make(topics, wanted, settings.rule.seed, task)
    count = 0
    for found in scale.measure(guard(made, scale.rejections)):
        lengths[ledger.add(found.draft)] = found.lengths
        count += 1
    return [f"{count} refusals instead of {wanted}: the data names too few topics"] if count < wanted else []


def _topics(ledger: Ledger, trained: Iterable[int], most: int, seed: int) -> list[refusal.RefusalTopic]:
    """Topics of the training rows, sorted. Of very many, those that refusals would take first are enough."""
    found: dict[str, refusal.RefusalTopic] = {}
    for number in sorted(trained, key=ledger.ids.__getitem__):
        draft = ledger[number]
        if draft.topic:
            found[draft.topic] = refusal.RefusalTopic(draft.term or draft.topic, draft.public, draft.topic)
            if len(found) >= 2 * most:
                order = sorted(found, key=lambda name: sha256_text(f"{seed}:refusal:{fold(found[name].term)}"))
                found = {name: found[name] for name in order[:most]}
    return [found[name] for name in sorted(found)]
