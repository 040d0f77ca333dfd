"""The work on single rows, in batches that any process can do: cleaning, converting, sketching, measuring."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from medtune.prepare.convert import CONVERTERS
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.draft import Draft, Dropped, Rejections
from medtune.prepare.near.minhash import Sketches, sketch
from medtune.prepare.steps.length import Limits, measured
from medtune.prepare.steps.phi import PhiGate, PhiPart, PhiSettings
from medtune.prepare.steps.records import RecordStep, apply_steps, record_steps
from medtune.runs.records.collect import Record
from medtune.runs.records.prepare import PhiSpan

if TYPE_CHECKING:
    from medtune.chat.template import ChatTokenizer


@dataclass(frozen=True)
class Cleaned:
    """A batch of records after all steps."""

    records: list[Record]
    left_out: list[Dropped]
    phi: PhiPart


@dataclass(frozen=True)
class CleanWork:
    """What is done to each record before it is converted."""

    kinds: Mapping[str, str]
    """Of which kind each source is."""
    repair: bool
    languages: tuple[str, ...]
    phi: PhiSettings

    def start(self) -> Callable[[Sequence[Record]], Cleaned]:
        """Load the detectors."""
        spans: list[PhiSpan] = []
        gate = PhiGate(self.phi, spans.append)
        steps = (*record_steps(self.kinds, self.repair, self.languages), RecordStep("phi", gate.do))

        def do(batch: Sequence[Record]) -> Cleaned:
            spans.clear()
            rejections = Rejections([])
            records = list(apply_steps(batch, steps, rejections))
            return Cleaned(records, rejections.rows, gate.take(tuple(spans)))

        return do


@dataclass(frozen=True)
class Converted:
    """What a converter made of a batch of records."""

    drafts: list[Draft]
    left_out: list[Dropped]


@dataclass(frozen=True)
class ConvertWork:
    """A converter that reads each record by itself."""

    converter: str
    given: ConvertInput
    """Its records are replaced by each batch."""

    def start(self) -> Callable[[Sequence[Record]], Converted]:
        """Nothing is loaded."""
        convert = CONVERTERS[self.converter].convert

        def do(batch: Sequence[Record]) -> Converted:
            rejections = Rejections([])
            return Converted(list(convert(replace(self.given, records=batch), rejections)), rejections.rows)

        return do


@dataclass(frozen=True)
class SketchWork:
    """What is kept of texts to find near duplicates."""

    shingle_words: int

    def start(self) -> Callable[[Sequence[str]], Sketches]:
        """Nothing is loaded."""
        return lambda texts: sketch(texts, self.shingle_words)


@dataclass(frozen=True)
class Weighed:
    """One draft's tokens, and what is to be noted of it."""

    lengths: tuple[int, ...]
    """Empty: it goes no further."""
    left_out: list[Dropped]
    cut: list[int]


@dataclass(frozen=True)
class MeasureWork:
    """How many tokens each draft has."""

    base_folder: Path
    limits: Limits

    def start(self) -> Callable[[Sequence[Draft]], list[Weighed]]:
        """Load the tokenizer. Raises ModelError."""
        tokenizer = tokenizer_of(self.base_folder)

        def one(draft: Draft) -> Weighed:
            rejections, cut = Rejections([]), list[int]()
            found = [row.lengths for row in measured([draft], tokenizer, self.limits, rejections, cut.append)]
            return Weighed(found[0] if found else (), rejections.rows, cut)

        return lambda drafts: [one(draft) for draft in drafts]


@cache
def tokenizer_of(base_folder: Path) -> "ChatTokenizer":
    """The base's tokenizer, loaded once in each process. Raises ModelError."""
    from medtune.chat.template import load_tokenizer

    return load_tokenizer(base_folder)
