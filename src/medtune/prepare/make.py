"""Records to the three splits: plain values in, examples out; no file but gold set and tokenizer is read here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medtune.core.console import progress
from medtune.core.errors import DataError, RecipeError
from medtune.core.hashing import sha256_text
from medtune.prepare.convert import CONVERTERS, refusal
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.gold import read_gold
from medtune.prepare.split import SplitRule, asking_order, split
from medtune.prepare.steps.clean import clean
from medtune.prepare.steps.dedup import drop_duplicates
from medtune.prepare.steps.deny import drop_denied, drop_gold
from medtune.prepare.steps.length import Limits, Measured, drop_short, measured
from medtune.runs.records.collect import Record, SourceFacts
from medtune.runs.records.prepare import Example, Split
from medtune.tasks import Task

if TYPE_CHECKING:
    from medtune.chat.template import ChatTokenizer


@dataclass(frozen=True)
class Settings:
    """The recipe's `prepare:` as plain values, with its paths resolved."""

    converters: tuple[str, ...]
    min_answer_chars: int
    max_tokens: int
    sentences_per_part: int
    refusal_share: float
    """Of the training rows, refusals included (0 to 1)."""
    max_train_rows: int | None
    gold: Path | None
    kept_out: frozenset[str]
    """`prompt_digest` of what the site's own suites ask."""
    base_folder: Path
    """Where the base model's tokenizer lies."""
    rule: SplitRule


@dataclass(frozen=True)
class Made:
    """The splits, sorted; what was dropped; what a person should be told."""

    splits: dict[Split, list[Example]]
    rejections: Rejections
    topic_facts: dict[str, Any]
    warnings: tuple[str, ...]


def make(records: Iterable[Record], sources: Sequence[SourceFacts], settings: Settings, task: Task) -> Made:
    """Clean, convert, split, drop repeats, measure, add refusals.

    Raises DataError when no training or no test row is left, RecipeError for a task without four parts.
    """
    from medtune.chat.template import load_tokenizer

    rejections = Rejections([])
    gold = read_gold(settings.gold, task.system, rejections) if settings.gold else []
    drafts = _drafts(records, sources, settings, task, rejections)
    drafts = drop_gold(drop_denied(drafts, rejections, settings.kept_out), gold, rejections)
    drafts = drop_short(drafts, settings.min_answer_chars, rejections)
    parts = split(drafts, settings.rule)
    parts["test"] = [*gold, *parts["test"]]
    parts = drop_duplicates(parts, rejections)
    tokenizer = load_tokenizer(settings.base_folder)
    limits = Limits(settings.max_tokens, task.decoding.max_tokens)
    splits = _measure(parts, tokenizer, limits, settings, rejections)
    warnings = []
    if "refusal" in settings.converters:
        refusals, warning = _refusals(
            splits["train"],
            drafts=parts["train"],
            tokenizer=tokenizer,
            limits=limits,
            settings=settings,
            task=task,
            rejections=rejections,
        )
        splits["train"] = sorted([*splits["train"], *refusals], key=lambda example: example.id)
        warnings.append(warning)
    facts, missing = _topic_facts(settings.rule, splits["test"])
    _check(splits, settings)
    return Made(splits, rejections, facts, tuple(text for text in (*warnings, missing) if text))


def _drafts(
    records: Iterable[Record], sources: Sequence[SourceFacts], settings: Settings, task: Task, rejections: Rejections
) -> list[Draft]:
    if "terms" in settings.converters and len(task.parts) != 4:
        raise RecipeError(
            f"the converter `terms` writes four parts, but answers of the task {task.name} have {len(task.parts)}",
            where="prepare.converters",
            next_step="leave `terms` out, or use the task terminology",
        )
    given = ConvertInput(
        records=clean(records, {facts.name: facts.kind for facts in sources}, rejections),
        task=task,
        public_sources=frozenset(facts.name for facts in sources if facts.public),
        sentences_per_part=settings.sentences_per_part,
    )
    return [
        draft for name in settings.converters if name in CONVERTERS for draft in CONVERTERS[name](given, rejections)
    ]


def _measure(
    parts: dict[Split, list[Draft]],
    tokenizer: "ChatTokenizer",
    limits: Limits,
    settings: Settings,
    rejections: Rejections,
) -> dict[Split, list[Example]]:
    """Examples of drafts that fit; training rows stop at `max_train_rows`, in a seeded order."""
    seed, most = settings.rule.seed, settings.max_train_rows
    train = sorted(parts["train"], key=lambda draft: sha256_text(f"{seed}:draw:{draft.id}"))
    room = len(train)
    if most is not None:
        room = most - _refusal_count(most, settings, of_all=True)
    ordered: dict[Split, list[Draft]] = {
        "train": train,
        "validation": parts["validation"],
        "test": asking_order(parts["test"], settings.rule),
    }
    splits: dict[Split, list[Example]] = {}
    with progress(sum(len(drafts) for drafts in ordered.values()), "measuring rows") as bar:
        for name, drafts in ordered.items():
            rows: list[Example] = []
            for found in measured(drafts, tokenizer, limits, rejections):
                if name == "train" and len(rows) == room:
                    break
                rows.append(_example(found))
                bar.advance()
            splits[name] = rows if name == "test" else sorted(rows, key=lambda example: example.id)
    return splits


def _refusals(
    train: list[Example],
    *,
    drafts: list[Draft],
    tokenizer: "ChatTokenizer",
    limits: Limits,
    settings: Settings,
    task: Task,
    rejections: Rejections,
) -> tuple[list[Example], str]:
    """Refusals about topics of the training rows, and a warning when there are fewer than the share asks for."""
    wanted = _refusal_count(len(train), settings, of_all=False)
    trained = {example.id for example in train}
    topics = {
        draft.topic: refusal.RefusalTopic(draft.term or draft.topic, draft.public, draft.topic)
        for draft in drafts
        if draft.id in trained and draft.topic
    }
    made = refusal.make([topics[name] for name in sorted(topics)], wanted, settings.rule.seed, task.system)
    rows = [
        _example(found)
        for found in measured(drop_denied(made, rejections, settings.kept_out), tokenizer, limits, rejections)
    ]
    short = f"{len(rows)} refusals instead of {wanted}: the data names too few topics" if len(rows) < wanted else ""
    return rows, short


def _refusal_count(rows: int, settings: Settings, *, of_all: bool) -> int:
    """Refusals for `rows` rows; `of_all` says whether these include the refusals."""
    if "refusal" not in settings.converters:
        return 0
    share = settings.refusal_share
    return round(rows * share) if of_all else round(rows * share / (1 - share))


def _example(found: Measured) -> Example:
    draft, lengths = found.draft, found.lengths
    return Example(
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


def _topic_facts(rule: SplitRule, test: list[Example]) -> tuple[dict[str, Any], str]:
    """How many of the named test topics have a row, and a warning when some have none."""
    if rule.test_topics is None:
        return {"named": 0, "found": 0}, ""
    found = len(rule.test_topics & {example.topic for example in test})
    named = len(rule.test_topics)
    warning = f"{named - found} of {named} test topics have no row in this data" if found < named else ""
    return {"named": named, "found": found}, warning


def _check(splits: dict[Split, list[Example]], settings: Settings) -> None:
    if not splits["train"]:
        raise DataError(
            "no training row is left",
            where="prepare",
            next_step="add data, or loosen max_tokens, min_answer_chars or test_share",
        )
    tests = settings.rule.test_topics is not None or settings.rule.test_share > 0 or settings.gold is not None
    if tests and not splits["test"]:
        raise DataError(
            "no test row is left"
            if settings.rule.test_topics is None
            else "none of the test topics occurs in the data",
            where="prepare",
            next_step="add data, raise prepare.test_share, or name topics or a gold set that fit the data",
        )
