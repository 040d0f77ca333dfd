"""`prepare:` how records become training, validation and test examples."""

from typing import Literal

from pydantic import Field

from medtune.config.base import Section
from medtune.config.phi import PhiSection

Converter = Literal["terms", "qa", "drug", "pages", "symptom", "emergency", "triage", "refusal"]


class PrepareSection(Section):
    """Cleaning, conversion and the split."""

    converters: tuple[Converter, ...] = Field(default=("qa",), min_length=1)
    """`terms`: four-part explanations from a topic's own question types; `qa`: question-answer rows as they are;
    `drug`: uses, dosage, warnings and more of drug labels; `pages`: chapters of health pages, findings of abstracts,
    statistics; `symptom`: signs of a condition; `emergency`: signs that must not wait; `triage`: whom to turn to, and
    how soon (these three from health pages, `symptom` also from MedQuAD);
    `refusal`: polite refusals of personal medical advice."""
    min_answer_chars: int = Field(default=20, ge=1)
    """Shorter answers are rejected."""
    max_tokens: int = Field(default=512, ge=64)
    """Examples whose rendered chat has more tokens are rejected and listed."""
    sentences_per_part: int = Field(default=2, ge=1, le=6)
    """How many sentences of a source answer go into one part of a four-part explanation, at most."""
    refusal_share: float = Field(default=0.05, ge=0.0, le=0.5)
    """Refusals as a share of the training rows (0 to 1)."""
    validation_share: float = Field(default=0.05, gt=0.0, lt=0.5)
    """Share of the topics that go to validation (0 to 1)."""
    test_share: float = Field(default=0.1, ge=0.0, lt=0.5)
    """Share of the topics that go to the test split; not used with `test_topics` or
    `test_file`."""
    test_topics: str | None = None
    """`embedded` for the 200 topics that the tiny base has never seen, or a file with one topic a line."""
    test_file: str | None = None
    """The user's own gold set (JSONL, same shapes as a `files` source): asked in the audit, never trained on."""
    keep_out: tuple[str, ...] = ()
    """Suite files of your own whose questions are never trained on. Those in `suites.names` and all suites that medtune
    brings always count."""
    benchmarks: tuple[str, ...] = ()
    """Files of benchmark questions (JSONL, CSV, Excel, Parquet) that are never trained on: rows that share 13 words in
    a row with them, or nearly a whole prompt, are rejected."""
    near_duplicates: Literal["together", "one", "ignore"] = "together"
    """Answers that say nearly the same: `together` keeps them in one split, `one` keeps one of each cluster, `ignore`
    looks for identical answers only (of these one is always kept)."""
    near_threshold: float = Field(default=0.8, ge=0.5, le=1.0)
    """Share of their runs of five words that two answers have in common (Jaccard, 0 to 1) to be nearly the same."""
    repair_text: bool = True
    """Mend wrong decodings, web markup and character references, and drop boilerplate lines of web pages."""
    languages: tuple[str, ...] = ()
    """Keep records in these languages only (`en`, `de`, `zh-Hans`); all when empty. Texts too short to tell stay."""
    engine: Literal["local", "ray"] = Field(default="local", exclude=True)
    """Who works on rows: `local`, this process; `ray`, the workers of Ray (`pip install 'medtune[ray]'`). Both write
    the same files, so changing it makes no stage stale."""
    workers: int | None = Field(default=None, ge=1, exclude=True)
    """Workers of the engine `ray`; as many as there are processors when left out."""
    cluster: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+:\d{1,5}$", exclude=True)
    """HOST:PORT of a running Ray for the engine `ray`; the host must stand in `egress`, since records go there, and
    medtune and the base model must lie on its machines under the same paths. One is started on this machine when left
    out, on loopback only."""
    phi: PhiSection = PhiSection()
    """Identifiers of people: what is done about them."""
    max_train_rows: int | None = Field(default=None, ge=8)
    """At most so many training rows, a seeded draw."""
    canary: bool = False
    """Train in one made-up fact of this run and ask every artefact for it: proof that the adapter is in each."""
    canary_copies: int = Field(default=24, ge=1)
    """Training rows that hold the made-up fact."""
