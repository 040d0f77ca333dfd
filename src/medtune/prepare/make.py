"""Records to the three splits, one row at a time: texts wait on disk, memory holds names and numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError, RecipeError
from medtune.prepare.convert import CONVERTERS
from medtune.prepare.convert.inputs import ConvertInput, form_of
from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.engines import Engine, Work, batched
from medtune.prepare.gold import read_gold
from medtune.prepare.ledger import Ledger
from medtune.prepare.rows import Rows, RowSettings, write_splits
from medtune.prepare.shelf import Shelf, pack_record, unpack_record
from medtune.prepare.split import SplitRule, place
from medtune.prepare.stats import Tally, near_facts
from medtune.prepare.steps.decontaminate import Guard, drop_guarded, make_guard
from medtune.prepare.steps.dedup import REASON, repeats
from medtune.prepare.steps.deny import drop_denied, drop_gold
from medtune.prepare.steps.length import drop_short
from medtune.prepare.steps.phi import PhiPart
from medtune.prepare.work import Cleaned, ConvertWork
from medtune.runs.records.collect import Record, SourceFacts
from medtune.runs.records.prepare import Example, Split
from medtune.tasks import Task


@dataclass(frozen=True)
class Settings:
    """The recipe's `prepare:` as plain values, with its paths resolved."""

    converters: tuple[str, ...]
    min_answer_chars: int
    sentences_per_part: int
    gold: Path | None
    kept_out: frozenset[str]
    """`prompt_digest` of what the site's own suites ask."""
    guarded: Mapping[str, Sequence[str]]
    """Texts that no row may hold, by the suite or benchmark that they come from."""
    near_duplicates: str
    """`together`, `one` or `ignore`."""
    near_threshold: float
    rule: SplitRule
    rows: RowSettings
    clean: Work[Sequence[Record], Cleaned]
    """What is done to each record before it is converted."""
    absorb: Callable[[PhiPart], None]
    """Takes what the PHI gate found in each batch."""
    gold_step: Callable[[Draft], Draft | str] = lambda draft: draft
    """What is done to each row of the gold set; a reason leaves it out."""


@dataclass(frozen=True)
class Made:
    """What was counted, what was dropped, and what a person should be told."""

    stats: dict[str, Any]
    rejections: Rejections
    warnings: tuple[str, ...]


@dataclass
class _Making:
    """What the steps of one call share."""

    settings: Settings
    task: Task
    shelf: Shelf
    engine: Engine
    rejections: Rejections = field(default_factory=lambda: Rejections([]))
    forms: dict[str, int] = field(default_factory=dict)

    def shelve(self, records: Iterable[Record]) -> None:
        """Clean every record and write it to disk; one that no converter reads is left out."""
        read = frozenset[str]().union(*(CONVERTERS[name].reads for name in self._converters))
        for cleaned in self.engine.map(self.settings.clean, batched(records)):
            self.settings.absorb(cleaned.phi)
            self.rejections.rows += cleaned.left_out
            for record in cleaned.records:
                self._shelve(record, read)

    def _shelve(self, record: Record, read: frozenset[str]) -> None:
        form = form_of(record)
        self.forms[form] = self.forms.get(form, 0) + 1
        if form in read:
            self.shelf.put(pack_record(record))
        else:
            self.rejections.add(record.id, "convert", f"no converter of the recipe reads the form {form}")

    def drafts(self, sources: Sequence[SourceFacts]) -> Iterator[Draft]:
        """What every converter makes of the records."""
        given = ConvertInput(
            records=_Records(self.shelf),
            task=self.task,
            public_sources=frozenset(facts.name for facts in sources if facts.public),
            sentences_per_part=self.settings.sentences_per_part,
            seed=self.settings.rule.seed,
        )
        for name in self._converters:
            if CONVERTERS[name].whole:
                yield from CONVERTERS[name].convert(given, self.rejections)
                continue
            for made in self.engine.map(ConvertWork(name, replace(given, records=())), batched(given.records)):
                self.rejections.rows += made.left_out
                yield from made.drafts

    @property
    def _converters(self) -> list[str]:
        return [name for name in self.settings.converters if name in CONVERTERS]


class _Records:
    """Records of a shelf; can be gone through again."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __iter__(self) -> Iterator[Record]:
        return map(unpack_record, self._shelf)


def make(
    records: Iterable[Record],
    sources: Sequence[SourceFacts],
    settings: Settings,
    task: Task,
    *,
    folder: Path,
    engine: Engine,
    put: Mapping[Split, Callable[[Example], None]],
    first: Sequence[Example] = (),
) -> Made:
    """Clean, convert, split, drop repeats, measure, add refusals; `put` takes the rows of each split in order.

    `first` stands before all training rows; texts wait in unnamed files below `folder`.

    Raises DataError when no training or no test row is left, RecipeError for a task without four parts.
    """
    if "terms" in settings.converters and len(task.parts) != 4:
        raise RecipeError(
            f"the converter `terms` writes four parts, but answers of the task {task.name} have {len(task.parts)}",
            where="prepare.converters",
            next_step="leave `terms` out, or use the task terminology",
        )
    with ExitStack() as shelves:
        ledger = shelves.enter_context(closing(Ledger(folder)))
        making = _Making(settings, task, shelves.enter_context(closing(Shelf(folder))), engine)
        return _make(making, ledger, records, sources, put=put, first=first)


def _make(
    making: "_Making",
    ledger: Ledger,
    records: Iterable[Record],
    sources: Sequence[SourceFacts],
    *,
    put: Mapping[Split, Callable[[Example], None]],
    first: Sequence[Example],
) -> Made:
    settings, task = making.settings, making.task
    rejections = making.rejections
    gold = _gold(settings, task, rejections)
    guard = make_guard({**settings.guarded, **_gold_prompts(gold)})
    making.shelve(records)
    drafts = drop_gold(drop_denied(making.drafts(sources), rejections, settings.kept_out), gold, rejections)
    drafts = drop_guarded(drop_short(drafts, settings.min_answer_chars, rejections), guard, rejections)
    for draft in chain(gold, drafts):  # not (*gold, *drafts): that would hold the text of every draft
        ledger.add(draft)
    making.shelf.close()
    rows, groups = _place(ledger, settings, rejections, making.engine)
    tally = Tally(sources, settings.rows.max_tokens)
    warnings = write_splits(
        rows,
        settings.rows,
        task,
        rejections,
        engine=making.engine,
        guard=_Guarded(guard, settings.kept_out),
        put=put,
        tally=tally,
        first=first,
    )
    facts, missing = _topic_facts(settings.rule, tally)
    _check(tally, settings)
    stats = {
        **tally.describe(rejections),
        "test_topics": facts,
        "records": dict(sorted(making.forms.items())),
        "groups": groups,
        "decontamination": guard.report(),
    }
    return Made(stats, rejections, tuple(text for text in (*warnings, missing) if text))


@dataclass(frozen=True)
class _Guarded:
    """Lets drafts pass that were made after the split, as those before it."""

    guard: Guard
    kept_out: frozenset[str]

    def __call__(self, drafts: Iterable[Draft], rejections: Rejections) -> Iterator[Draft]:
        return drop_guarded(drop_denied(drafts, rejections, self.kept_out), self.guard, rejections)


def _gold(settings: Settings, task: Task, rejections: Rejections) -> list[Draft]:
    """The gold set's rows as its step lets them pass."""
    kept = []
    for draft in read_gold(settings.gold, task, rejections) if settings.gold else ():
        passed = settings.gold_step(draft)
        if isinstance(passed, str):
            rejections.add(draft.id, "phi", passed)
        else:
            kept.append(passed)
    return kept


def _gold_prompts(gold: Sequence[Draft]) -> dict[str, list[str]]:
    return {"the gold set": [prompt for draft in gold for prompt in draft.prompts]} if gold else {}


def _place(ledger: Ledger, settings: Settings, rejections: Rejections, engine: Engine) -> tuple[Rows, dict[str, Any]]:
    """The split of every draft; repeats, and near duplicates where the recipe says so, are left out."""
    near = ledger.near_pairs(settings.near_threshold, engine) if settings.near_duplicates != "ignore" else None
    own = [pair for pair in (near.pairs if near else ()) if not (ledger.gold[pair[0]] or ledger.gold[pair[1]])]
    placed = place(ledger.keys, settings.rule, own)
    is_gold = _flags(ledger.gold)
    splits: list[Split] = ["test" if gold else name for gold, name in zip(is_gold, placed.splits, strict=True)]
    ranks = ledger.ranks()
    left = dict.fromkeys(repeats(ledger.digests, splits, ranks, is_gold).tolist(), REASON)
    for one, other in near.pairs if near else ():
        if ledger.gold[one] != ledger.gold[other]:
            left.setdefault(other if ledger.gold[one] else one, "the gold set has nearly the same answer")
    clusters = near_facts(near, settings.near_threshold)
    if settings.near_duplicates == "one":
        for number in clusters.others(ranks, splits, set(left) | {n for n, gold in enumerate(is_gold) if gold}):
            left.setdefault(number, "another row has nearly the same answer")
    for number, reason in left.items():
        rejections.add(ledger.ids[number], "dedup", reason)
    facts = {
        "count": int(placed.groups.max()) + 1 if len(placed.groups) else 0,
        "largest": _largest(placed.groups),
        "kept_in_training_for_their_size": placed.to_train,
        "near_duplicates": {"rule": settings.near_duplicates, **clusters.facts, **clusters.kept(left)},
    }
    return Rows(ledger, splits, ranks, frozenset(left)), facts


def _flags(marks: bytearray) -> Any:
    import numpy as np

    return np.frombuffer(bytes(marks), dtype=np.uint8).astype(bool)


def _largest(groups: Any) -> list[int]:
    import numpy as np

    return sorted(np.bincount(groups).tolist(), reverse=True)[:10] if len(groups) else []


def _topic_facts(rule: SplitRule, tally: Tally) -> tuple[dict[str, Any], str]:
    """How many of the named test topics have a row, and a warning when some have none."""
    if rule.test_topics is None:
        return {"named": 0, "found": 0}, ""
    found = len(rule.test_topics & tally.topics["test"])
    named = len(rule.test_topics)
    warning = f"{named - found} of {named} test topics have no row in this data" if found < named else ""
    return {"named": named, "found": found}, warning


def _check(tally: Tally, settings: Settings) -> None:
    if not tally.rows["train"]:
        raise DataError(
            "no training row is left",
            where="prepare",
            next_step="add data, or loosen max_tokens, min_answer_chars or test_share",
        )
    tests = settings.rule.test_topics is not None or settings.rule.test_share > 0 or settings.gold is not None
    if tests and not tally.rows["test"]:
        raise DataError(
            "no test row is left"
            if settings.rule.test_topics is None
            else "none of the test topics occurs in the data",
            where="prepare",
            next_step="add data, raise prepare.test_share, or name topics or a gold set that fit the data",
        )
