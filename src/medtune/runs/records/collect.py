"""01-collect: records.jsonl and sources.json."""

from typing import Literal

from medtune.runs.records.base import Row


class Turn(Row):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Passage(Row):
    """One part of a document: a section of a drug label, a labelled part of an abstract, a chapter of a web page."""

    name: str
    """The source's own name of the part, e.g. `indications_and_usage`; empty when it has none."""
    heading: str
    """What a reader would call it; empty when it has none."""
    text: str


class Record(Row):
    """One raw record with its provenance: a question with its answer, a chat, or a document in passages."""

    id: str
    """Unique in the run: source name and the source's own id."""
    source: str
    """Name of the source in sources.json."""
    kind: Literal["qa", "messages", "document"]
    topic: str
    """What the record is about (MedQuAD's focus); empty when the source doesn't say."""
    document: str
    """Id of the document that it stands in; records of one document never cross the split."""
    question: str = ""
    answer: str = ""
    question_type: str = ""
    messages: tuple[Turn, ...] = ()
    form: str = ""
    """What sort of document it is: `drug-label`, `abstract`, `health-page` or `statistics`; empty for other kinds."""
    passages: tuple[Passage, ...] = ()
    url: str = ""
    licence: str
    teacher: str | None = None
    """The model that wrote the answer; None where a source brought it."""
    prompt_digest: str | None = None
    """Hex sha256 of the prompt that the teacher answered."""
    made_from: str | None = None
    """Id of the record that the teacher was given; None where it was given a topic."""
    category: str | None = None
    """Category of a synthetic pair."""


class SourceFacts(Row):
    """One source of sources.json: what was read, under which licence, and what was dropped."""

    name: str
    kind: str
    licence: str
    attribution: str
    url: str
    terms: str = ""
    """What a user of this data must accept, with the address of the terms; empty when there is nothing."""
    retrieved: str
    """Date on which the data was fetched or the file was read, ISO 8601."""
    sha256: str
    """Digest of the raw data as it was read."""
    documents: int
    rows: int
    kept: int
    dropped: dict[str, int]
    """Count per reason; rows = kept + sum(dropped)."""
    public: bool
    """True when the report may show its text."""
