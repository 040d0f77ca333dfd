"""The PHI gate of the pipeline: acts on identifiers in clinical records, counts them in public ones, and tests itself.

It comes last of the steps on records: it reads clean text, and nothing is converted that it did not see. It fails
closed: an error inside it ends the stage.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from medtune.core.errors import DataError, MedtuneError
from medtune.core.hashing import sha256_text
from medtune.detect.phi import DEFAULT, WITHOUT_PRESIDIO, Found, Recognizer, find_phi
from medtune.detect.phi.measured import measured
from medtune.prepare.draft import Draft
from medtune.runs.records.collect import Record
from medtune.runs.records.prepare import PhiSpan

Profile = Literal["clinical", "public"]
REASON = "an identifier of a person"
_TESTED = 100
"""Records of clinical sources that the test with planted identifiers draws from."""


@dataclass(frozen=True)
class PhiSettings:
    """The recipe's `prepare.phi` as plain values."""

    profiles: Mapping[str, Profile]
    """Of each source, by name."""
    action: Literal["mask", "surrogate", "reject"]
    patterns: Mapping[str, tuple[str, ...]]
    ner_model: Path | None
    accepted: Mapping[str, str] | None
    """`who` and `why`."""
    public_sample: int
    seed: int


@dataclass(frozen=True)
class PhiPart:
    """What a gate found in some records: another one, in another process, takes it over."""

    spans: tuple[PhiSpan, ...]
    found: Mapping[str, Counter[str]]
    records: Counter[str]
    protected: Counter[str]
    clinical: list[Record]
    public: list[Record]
    """Drawn of each profile's records."""


@dataclass
class PhiGate:
    """One run of the gate: `do` for each record, then `finish` for counts and the test."""

    settings: PhiSettings
    review: Callable[[PhiSpan], None]
    """Takes each identifier that was acted on."""
    _clinical: "_Sample" = field(default_factory=lambda: _Sample(_TESTED))
    _public: "_Sample | None" = None
    _counts: dict[str, Counter[str]] = field(default_factory=lambda: {"clinical": Counter(), "public": Counter()})
    _records: Counter[str] = field(default_factory=Counter)
    _protected: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._public = _Sample(self.settings.public_sample)
        self._recognizers = self._all_recognizers()

    def do(self, record: Record) -> Record | str:
        """The record without identifiers, or why it is left out; public ones stay as they are."""
        if self.settings.profiles.get(record.source, "clinical") == "public":
            self._records["public"] += 1
            assert self._public is not None
            self._public.offer(record)
            return record
        self._records["clinical"] += 1
        self._clinical.offer(record)
        found = {name: spans for name, text in _fields(record) if (spans := self._find(text, record, "clinical"))}
        if not found:
            return record
        self._records["with identifiers"] += 1
        for name, spans in found.items():
            for one in spans:
                self.review(PhiSpan(id=record.id, field=name, start=one.start, end=one.end, kind=one.kind,
                                    score=round(one.score, 3), action=self.settings.action))  # fmt: skip
        return REASON if self.settings.action == "reject" else self._replaced(record, found)

    def take(self, spans: tuple[PhiSpan, ...]) -> PhiPart:
        """What was found since the last call; `spans` are those that `review` was told."""
        assert self._public is not None
        part = PhiPart(spans, self._counts, self._records, self._protected, self._clinical.records(),
                       self._public.records())  # fmt: skip
        self._counts = {"clinical": Counter(), "public": Counter()}
        self._records, self._protected = Counter(), Counter()
        self._clinical, self._public = _Sample(_TESTED), _Sample(self.settings.public_sample)
        return part

    def absorb(self, part: PhiPart) -> None:
        """Take over what another gate found."""
        assert self._public is not None
        for span in part.spans:
            self.review(span)
        for profile, counts in part.found.items():
            self._counts[profile].update(counts)
        self._records.update(part.records)
        self._protected.update(part.protected)
        for sample, records in ((self._clinical, part.clinical), (self._public, part.public)):
            for record in records:
                sample.offer(record)

    def do_draft(self, draft: Draft) -> Draft | str:
        """The same for a row of a gold set, which never was a record."""
        told = tuple(turn for turn in draft.messages if turn.role != "system")
        passed = self.do(
            Record(id=draft.id, source=draft.source, kind="messages", topic=draft.topic, document="", messages=told,
                   licence=draft.licence)
        )  # fmt: skip
        if isinstance(passed, str):
            return passed
        system = tuple(turn for turn in draft.messages if turn.role == "system")
        return replace(draft, messages=(*system, *passed.messages), topic=passed.topic)

    def finish(self) -> dict[str, Any]:
        """Counts and the test's recall, for stats.json.

        Raises DataError when clinical records were read, less than the floor of a planted kind was found, and the
        recipe names neither a NER model nor who accepts it.
        """
        assert self._public is not None
        read = self._public.records()
        for record in read:
            for _, text in _fields(record):
                self._find(text, record, "public")
        planted = self._planted([*self._clinical.records(), *read])
        if planted and planted["below_floor"] and self._records["clinical"] and not self._excused:
            low = ", ".join(f"{kind} {planted['recall'][kind]['recall']:.0%}" for kind in planted["below_floor"])
            raise DataError(
                f"the PHI gate found too few of the identifiers planted in this data: {low}",
                where="prepare.phi",
                next_step="add `patterns` or a local `ner_model`, or record who accepts this: `accept: {who, why}`",
            )
        return {
            "action": self.settings.action,
            "records": {
                "clinical": self._records["clinical"],
                "with_identifiers": self._records["with identifiers"],
                "public": self._records["public"],
                "public_read": len(read),
            },
            "found": {profile: dict(sorted(counts.items())) for profile, counts in self._counts.items()},
            "clinical_words_masked": dict(sorted(self._protected.items())),
            "planted": planted,
            "measured": measured(),
            "ner_model": self.settings.ner_model is not None,
            "accepted": dict(self.settings.accepted) if self.settings.accepted else None,
        }

    def warnings(self) -> tuple[str, ...]:
        """What a person should be told: who accepted a low recall, and that lists cap what is found."""
        told = []
        if self.settings.accepted:
            told.append(
                f"PHI: {self.settings.accepted['who']} accepts the gate's recall: {self.settings.accepted['why']}"
            )
        if self._records["with identifiers"]:
            told.append(
                f"PHI: {self._records['with identifiers']} records held identifiers ({self.settings.action}); "
                "review phi.jsonl, and expect that some foreign or lone names slip through"
            )
        return tuple(told)

    @property
    def _excused(self) -> bool:
        return self.settings.ner_model is not None or self.settings.accepted is not None

    def _all_recognizers(self) -> dict[str, tuple[Recognizer, ...]]:
        from medtune.detect.phi.ner import NerRecognizer
        from medtune.detect.phi.site import site_recognizer

        site = (site_recognizer(self.settings.patterns),) if self.settings.patterns else ()
        ner = (NerRecognizer(self.settings.ner_model),) if self.settings.ner_model else ()
        return {"clinical": (*DEFAULT, *site, *ner), "public": (*WITHOUT_PRESIDIO, *site)}

    def _find(self, text: str, record: Record, profile: Profile) -> tuple[Found, ...]:
        if not text:
            return ()
        with _closed(record.id):
            found = find_phi(text, self._recognizers[profile])
            self._protected.update(_clinical_words(text, found))
        self._counts[profile].update(one.kind for one in found)
        return found

    def _replaced(self, record: Record, found: Mapping[str, tuple[Found, ...]]) -> Record:
        from medtune.detect.phi.replace import Surrogates, mask

        surrogates = Surrogates(_key(self.settings.seed), record.id)
        make = surrogates.apply if self.settings.action == "surrogate" else mask
        texts = {name: make(text, found[name]) for name, text in _fields(record) if name in found}
        return _with(record, texts)

    def _planted(self, sample: list[Record]) -> dict[str, Any]:
        from medtune.detect.phi.planted import plant

        profile = "clinical" if self._records["clinical"] else "public"
        texts = [text for record in sample for name, text in _fields(record) if len(text) > 20]
        if not texts:
            return {}
        with _closed("the test with planted identifiers"):
            return plant(texts, self._recognizers[profile], seed=self.settings.seed).describe()


class _Sample:
    """The records with the smallest digests of their ids: a fair draw of bounded size from a stream."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[int, str, Record]] = []

    def offer(self, record: Record) -> None:
        """Take the record if it belongs to the draw."""
        if not self._size:
            return
        item = (-int(sha256_text(f"phi:{record.id}")[:15], 16), record.id, record)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, item)
        elif item[0] > self._heap[0][0]:
            heapq.heapreplace(self._heap, item)

    def records(self) -> list[Record]:
        """The draw, in order of ids."""
        return [record for _, _, record in sorted(self._heap, key=lambda item: item[1])]


class _closed:  # noqa: N801
    """Turns whatever goes wrong inside the gate into an error that names the record and no text."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, MedtuneError):
            raise DataError(
                f"the PHI gate cannot run: {type(error).__name__}",
                where=self._where,
                next_step="install medtune with all its dependencies again, and look at `prepare.phi.ner_model`",
            ) from None


def _key(seed: int) -> bytes:
    """What surrogates are made from: MEDTUNE_PHI_KEY where it is set; else the recipe's seed tells the offsets."""
    import os

    return os.environ.get("MEDTUNE_PHI_KEY", f"medtune:{seed}").encode()


def _clinical_words(text: str, found: tuple[Found, ...]) -> Iterator[str]:
    """Kinds of spans that hold nothing but protected terms: eponyms, drugs, anatomy."""
    from medtune.detect.phi.lists import load_lists

    protected = load_lists().eponyms
    for one in found:
        words = text[one.start : one.end].casefold().replace("’", "'").split()
        if one.kind in {"name", "place"} and all(word.strip(".,'").removesuffix("'s") in protected for word in words):
            yield one.kind


def _fields(record: Record) -> Iterator[tuple[str, str]]:
    """Every text of a record with its place."""
    yield "topic", record.topic
    yield "question", record.question
    yield "answer", record.answer
    for number, turn in enumerate(record.messages):
        yield f"messages.{number}", turn.content
    for number, part in enumerate(record.passages):
        yield f"passages.{number}.heading", part.heading
        yield f"passages.{number}.text", part.text


def _with(record: Record, texts: Mapping[str, str]) -> Record:
    messages = tuple(
        turn.model_copy(update={"content": texts.get(f"messages.{number}", turn.content)})
        for number, turn in enumerate(record.messages)
    )
    passages = tuple(
        part.model_copy(
            update={
                "heading": texts.get(f"passages.{number}.heading", part.heading),
                "text": texts.get(f"passages.{number}.text", part.text),
            }
        )
        for number, part in enumerate(record.passages)
    )
    plain = {name: texts[name] for name in ("topic", "question", "answer") if name in texts}
    return record.model_copy(update={**plain, "messages": messages, "passages": passages})
