"""Four-part explanations assembled from a document's own question types: whole sentences, moved, never written.

| part | taken from, first that gives something |
|---|---|
| Definition | information |
| Explanation | causes, genetic changes, the rest of information, stages, susceptibility, symptoms |
| Clinical Relevance | symptoms, the rest of information (where it speaks of signs), treatment, tests, complications |
| Note | inheritance with frequency, else outlook, frequency, inheritance, prevention, susceptibility, … (see NOTE) |

No question type gives to two parts (information gives to Definition and at most one more), no two sentences say the
same. Where that leaves a part empty, information may give to all four, but then only a sentence that speaks of causes,
of signs, or of inheritance, frequency and outlook may open the part.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from medtune.core.errors import DataError
from medtune.core.text import fold
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.convert.prose import Sentence, Vocabulary, clean_sentences, says_the_same
from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.collect import Record, Turn
from medtune.tasks import render_parts

PART_MIN_CHARS = 40
HALF_MIN_CHARS = 20
"""Inheritance and frequency share a Note, so each may be shorter."""
PART_MAX_CHARS = 300

REST = "information"
EXPLANATION = ("causes", "genetic changes", REST, "stages", "susceptibility", "symptoms")
RELEVANCE = ("symptoms", REST, "treatment", "exams and tests", "complications")
NOTE = (
    "outlook", "frequency", "inheritance", "prevention", "susceptibility", "considerations", "complications",
    "exams and tests", "treatment", "research",
)  # fmt: skip
_SPEAKS_OF = {
    "explanation": re.compile(
        r"\bcaus|\bmutation|\bgenes?\b|results? from|due to|because|\boccurs? when", re.IGNORECASE
    ),
    "relevance": re.compile(
        r"symptom|\bsigns?\b|affected|patients|people with|individuals with|infants|children|develop|experience|\bpain|"
        r"features|characteri[sz]ed|complication|severe|risk|diagnos|treat",
        re.IGNORECASE,
    ),
    "note": re.compile(
        r"inherit|prevalence|incidence|estimated|\brare\b|\bcommon\b|outlook|prognosis|life expectancy|treat|therapy|"
        r"prevent|worldwide|frequen|genetic",
        re.IGNORECASE,
    ),
}
"""What a sentence of `information` must speak of to open another part than the Definition."""
_DEFINES = re.compile(
    r"\b(?:is|are|refers?|means?|describes?|represents?|comprises?|includes?|causes?|affects?|occurs?)\b"
)
_TERM_PREFIX = re.compile(r"^(?:What I need to know about|Parasites - (?:Lice - )?)\s*")
_TERM_SUFFIX = re.compile(r"\s*\((?:also known as|For Health Care)[^)]*\)$")


@dataclass(frozen=True)
class FourParts:
    """The sentences of one row, and the ids of the records that gave them."""

    term: str
    definition: str
    explanation: str
    relevance: str
    note: str
    records: tuple[str, ...]


@dataclass(frozen=True)
class _Answer:
    record: str
    kind: str
    text: str
    term: str
    vocabulary: Vocabulary

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Made only when a part wants this answer: most answers are never looked at."""
        return clean_sentences(self.text, self.term, self.vocabulary)


READS = frozenset({"qa", "messages"})


def convert(given: ConvertInput, rejections: Rejections) -> Iterator[Draft]:
    """One draft for each document that fills four parts; the other documents are rejected by their id.

    The records are gone through twice: for the words that they use, and document by document.
    """
    places: dict[str, list[int]] = {}

    def answers() -> Iterator[str]:
        for number, record in enumerate(given.records):
            if record.kind == "qa" and record.topic:
                places.setdefault(record.document, []).append(number)
                yield record.answer
            elif record.kind in READS:
                rejections.add(record.id, "terms", "a chat" if record.kind == "messages" else "no topic")

    vocabulary = Vocabulary(answers())
    for document, records in _documents(given.records, places):
        found = assemble(records, given.sentences_per_part, vocabulary)
        draft = _draft(found, document, records, given) if found else None
        if draft is None:
            rejections.add(document, "terms", "its answers do not fill four parts")
        else:
            yield draft


def _documents(records: Iterable[Record], places: dict[str, list[int]]) -> Iterator[tuple[str, list[Record]]]:
    """Each document with its records sorted by id, as soon as its last one was read."""
    waiting: dict[str, list[Record]] = {}
    for number, record in enumerate(records):
        own = places.get(record.document)
        if own is None or record.kind != "qa" or not record.topic:
            continue
        waiting.setdefault(record.document, []).append(record)
        if number == own[-1]:
            yield record.document, sorted(waiting.pop(record.document), key=lambda one: one.id)


def _draft(found: "FourParts", document: str, records: list[Record], given: ConvertInput) -> Draft | None:
    try:
        answer = render_parts(given.task, (found.definition, found.explanation, found.relevance, found.note))
    except DataError:
        return None
    topic, term = fold(records[0].topic), fold(found.term)
    return Draft(
        id=f"terms/{document}",
        messages=(
            Turn(role="system", content=given.task.system),
            Turn(role="user", content=given.task.prompt(found.term)),
            Turn(role="assistant", content=answer),
        ),
        topic=topic,
        keys=tuple(sorted({f"topic:{topic}", f"topic:{term}", f"document:{document}"})),
        converter="terms",
        records=found.records,
        source=records[0].source,
        licence=records[0].licence,
        public=given.is_public(records[0].source),
        term=found.term,
    )


def term_of(topic: str) -> str:
    """The medical term that a document's title names."""
    return _TERM_SUFFIX.sub("", _TERM_PREFIX.sub("", topic)).strip() or topic


def assemble(records: Sequence[Record], sentences_per_part: int, vocabulary: Vocabulary) -> FourParts | None:
    """The four parts of one document's records, or None when it cannot fill all of them."""
    kinds = {record.question_type for record in records}
    if not records[0].topic or "information" not in kinds or len(kinds) < 2:
        return None
    term = term_of(records[0].topic)
    answers = [_Answer(record.id, record.question_type, record.answer, term, vocabulary) for record in records]
    definition = _definition(answers, term, sentences_per_part)
    if definition is None:
        return None
    for rests in (1, 3):
        parts = _fill(answers, definition, sentences_per_part, rests)
        if parts is not None:
            texts = [" ".join(part.sentences) for part in (definition, *parts)]
            used = dict.fromkeys(record for part in (definition, *parts) for record in part.records)
            return FourParts(term, texts[0], texts[1], texts[2], texts[3], records=tuple(used))
    return None


@dataclass(frozen=True)
class _Passage:
    sentences: tuple[str, ...]
    words: tuple[frozenset[str], ...]
    kinds: tuple[str, ...]
    records: tuple[str, ...]

    def fits(self, least: int = PART_MIN_CHARS) -> bool:
        """Whether its length in characters suits a part."""
        return least <= len(" ".join(self.sentences)) <= PART_MAX_CHARS


_Used = tuple[frozenset[str], ...]


def _definition(answers: Sequence[_Answer], term: str, most: int) -> _Passage | None:
    """The passage of `information` whose first sentence names the term, best all of it, and says what it is;
    the first passage at all where none does.
    """
    names = [word[:6] for word in fold(term).split() if len(word) > 3] or fold(term).split()

    def named(passage: _Passage) -> float:
        start = fold(passage.sentences[0][:100])
        return sum(name in start for name in names) / len(names) if _DEFINES.search(passage.sentences[0]) else 0.0

    passages = list(itertools.islice(_passages(answers, REST, (), most), 20))
    for enough in (0.6, 0.01, 0.0):
        for passage in passages:
            if named(passage) >= enough:
                return passage
    return None


def _fill(
    answers: Sequence[_Answer], definition: _Passage, most: int, rests: int
) -> tuple[_Passage, _Passage, _Passage] | None:
    """The first choice of question types, in order of preference, that fills three parts without repeating itself.

    `information` may give to `rests` of them.
    """
    for explaining, relevant in itertools.product(EXPLANATION, RELEVANCE):
        if explaining == relevant and (rests == 1 or relevant != REST):
            continue
        used = definition.words
        explanation = next(_passages(answers, explaining, used, most, part="explanation" if rests > 1 else ""), None)
        if explanation is None:
            continue
        used = used + explanation.words
        relevance = next(_passages(answers, relevant, used, most, part="relevance"), None)
        if relevance is None:
            continue
        kinds = {explaining, relevant}
        note = _note(answers, used + relevance.words, kinds, most)
        if note is None and rests > 1:
            note = next(_passages(answers, REST, used + relevance.words, most, part="note"), None)
        if note is not None:
            return explanation, relevance, note
    return None


def _note(answers: Sequence[_Answer], used: _Used, kinds: set[str], most: int) -> _Passage | None:
    """How it is inherited and how frequent it is go together, a sentence each; else what the first type says."""
    if most > 1 and not {"frequency", "inheritance"} & kinds:
        frequency = next(_passages(answers, "frequency", used, 1, least=HALF_MIN_CHARS), None)
        inheritance = next(_passages(answers, "inheritance", used, 1, least=HALF_MIN_CHARS), None)
        if frequency and inheritance:
            both = _Passage(
                (*inheritance.sentences, *frequency.sentences),
                (*inheritance.words, *frequency.words),
                (*inheritance.kinds, *frequency.kinds),
                (*inheritance.records, *frequency.records),
            )
            if both.fits():
                return both
    for kind in NOTE:
        if kind not in kinds and (passage := next(_passages(answers, kind, used, most), None)):
            return passage
    return None


def _passages(
    answers: Sequence[_Answer], kind: str, used: _Used, most: int, *, part: str = "", least: int = PART_MIN_CHARS
) -> Iterator[_Passage]:
    """Every run of at most `most` neighbouring sentences of a question type that can open a part, in order."""
    speaks = _SPEAKS_OF[part] if part and kind == REST else None
    for answer in answers:
        if answer.kind != kind:
            continue
        for start, opener in enumerate(answer.sentences):
            if opener.opens and (speaks is None or speaks.search(opener.text)):
                passage = _grow(answer, start, used, most, least)
                if passage is not None:
                    yield passage


def _grow(answer: _Answer, start: int, used: _Used, most: int, least: int) -> _Passage | None:
    """Add neighbours while they fit; a sentence after a gap is only taken when it needs nothing before it."""
    chosen: list[Sentence] = []
    said = list(used)
    for sentence in answer.sentences[start:]:
        length = sum(len(one.text) + 1 for one in chosen) + len(sentence.text)
        gap = bool(chosen) and sentence.place != chosen[-1].place + 1
        if len(chosen) == most or length > PART_MAX_CHARS or (gap and not sentence.opens):
            break
        if any(says_the_same(sentence.words, other) for other in said):
            break
        chosen.append(sentence)
        said.append(sentence.words)
    passage = _Passage(
        tuple(one.text for one in chosen), tuple(one.words for one in chosen), (answer.kind,), (answer.record,)
    )
    return passage if passage.fits(least) else None
