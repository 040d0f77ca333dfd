"""`collect:` which sources are read."""

import re
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from medtune.config.base import Section
from medtune.config.collect_clinical import ClinicalNotesSource, ClinicalSource, FirstAidSource, SyntheticSource
from medtune.config.collect_distill import DistillSource


class MedquadSource(Section):
    """MedQuAD question-answer documents: bundled with medtune, or a folder or archive of its XML."""

    kind: Literal["medquad"]
    """The kind of source."""
    path: str | None = None
    """A folder or a .tar.xz/.tar.gz/.zip of MedQuAD XML; the bundled part when left out."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many documents, in sorted order."""


TableField = Literal[
    "instruction", "input", "output", "question", "answer", "messages", "system", "topic", "document", "url"
]


class FilesSource(Section):
    """The user's own JSONL, CSV, XLSX or Parquet: instruction/input/output, question/answer or messages."""

    kind: Literal["files"]
    """The kind of source."""
    path: str
    """A file, or a folder whose files of these kinds are read in sorted order; relative to the recipe."""
    columns: dict[TableField, str] = Field(default_factory=dict)
    """Which column stands for which field, e.g. `{question: Frage, answer: Antwort, document: case_id}`."""
    name: str | None = None
    """What reports call this source; the file's name when left out."""
    licence: str = "not stated"
    """The licence of these rows, shown in report and model card."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many rows."""


class OpenfdaSource(Section):
    """Drug labels from openFDA. Needs `api.fda.gov` in `egress`; a key is read from OPENFDA_API_KEY."""

    kind: Literal["openfda"]
    """The kind of source."""
    path: None = None
    search: str = Field(min_length=1)
    """openFDA's own query, e.g. `openfda.generic_name:metformin AND openfda.product_type:prescription`."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many labels."""
    page_size: int = Field(default=100, ge=1, le=1000)
    """Labels a request; one label can be 400 KB."""
    address: str = "https://api.fda.gov"
    """Where the service answers: a mirror or a test server."""


class PubmedSource(Section):
    """PubMed abstracts: of a query, of baseline files, or of XML files that lie here already.

    A query needs `eutils.ncbi.nlm.nih.gov` in `egress`, baseline files `ftp.ncbi.nlm.nih.gov`. A key is read from
    NCBI_API_KEY and a contact address from NCBI_EMAIL.
    """

    kind: Literal["pubmed"]
    """The kind of source."""
    path: str | None = None
    """An .xml or .xml.gz file, or a folder of them; nothing is fetched then."""
    query: str | None = Field(default=None, min_length=1)
    """PubMed's own query, e.g. `diabetes mellitus[mh] AND review[pt] AND 2024[dp]`."""
    baseline: tuple[str, ...] = ()
    """Names of baseline or update files, e.g. `pubmed26n0001.xml.gz`."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many articles."""
    address: str = "https://eutils.ncbi.nlm.nih.gov"
    """Where the E-utilities answer."""
    baseline_address: str = "https://ftp.ncbi.nlm.nih.gov/pubmed/baseline"
    """Where the baseline files lie."""

    @model_validator(mode="after")
    def _one_way(self) -> "PubmedSource":
        if sum(map(bool, (self.path, self.query, self.baseline))) != 1:
            raise ValueError("give one of `path`, `query` and `baseline`")
        if any(not re.fullmatch(r"[A-Za-z0-9._-]+\.xml\.gz", name) for name in self.baseline):
            raise ValueError("`baseline` names files such as pubmed26n0001.xml.gz, without a folder")
        return self


class NhsSource(Section):
    """Pages of the NHS website content API. Needs `api.service.nhs.uk` in `egress` and a key in NHS_API_KEY."""

    kind: Literal["nhs"]
    """The kind of source."""
    path: None = None
    pages: tuple[str, ...] = ()
    """Paths of pages, e.g. `conditions/acne`; chapters that such a page links to below its own path come along."""
    lists: tuple[str, ...] = ()
    """A to Z lists whose pages are all fetched, e.g. `conditions` or `medicines`, or `conditions?category=A`."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many pages."""
    address: str = "https://api.service.nhs.uk/nhs-website-content"
    """Where the service answers."""

    @model_validator(mode="after")
    def _something(self) -> "NhsSource":
        if not self.pages and not self.lists:
            raise ValueError("give `pages`, `lists` or both")
        return self


class CdcSource(Section):
    """CDC web pages from Content Services v2, or a table of data.cdc.gov.

    Needs `tools.cdc.gov` in `egress` for pages, `data.cdc.gov` for a table (a token is read from CDC_APP_TOKEN).
    """

    kind: Literal["cdc"]
    """The kind of source."""
    path: None = None
    topic: str | None = Field(default=None, min_length=1)
    """Pages of this topic, as Content Services names it."""
    query: str | None = Field(default=None, min_length=1)
    """Pages in which these words stand."""
    table: str | None = Field(default=None, pattern=r"^[a-z0-9]{4}-[a-z0-9]{4}$")
    """Id of a table of data.cdc.gov, e.g. `rdmq-nq56`; each row becomes one record."""
    where: str | None = None
    """SoQL condition on the table's rows."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many pages or rows."""
    address: str = "https://tools.cdc.gov/api"
    """Where Content Services answers."""
    table_address: str = "https://data.cdc.gov"
    """Where the tables lie."""

    @model_validator(mode="after")
    def _one_way(self) -> "CdcSource":
        if (self.table is None) == (self.topic is None and self.query is None):
            raise ValueError("give `topic` and/or `query`, or a `table`")
        return self


class HubDataSource(Section):
    """A data set of the Hugging Face hub at a pinned commit; scripts are never run.

    Needs `huggingface.co` and the hub's file hosts in `egress`. A token is read from HF_TOKEN.
    """

    kind: Literal["hub"]
    """The kind of source."""
    path: None = None
    dataset: str = Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")
    """Owner and name, e.g. `lavita/MedQuAD`."""
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    """The commit: 40 hexadecimal digits, as the data set's page shows under «Files», «History»."""
    files: tuple[str, ...] = ()
    """Patterns of the data files to read, e.g. `data/train-*.parquet`; all of them when left out."""
    columns: dict[TableField, str] = Field(default_factory=dict)
    """Which column stands for which field, as in a `files` source."""
    licence: str = ""
    """Its licence; the card's when left out."""
    public: bool = False
    """True when report and card may show its text."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many rows."""
    address: str = ""
    """Where the hub answers; HF_ENDPOINT or the public one when left out."""


SeedSource = Annotated[
    MedquadSource
    | FilesSource
    | OpenfdaSource
    | PubmedSource
    | NhsSource
    | CdcSource
    | HubDataSource
    | SyntheticSource
    | FirstAidSource
    | ClinicalNotesSource
    | ClinicalSource,
    Field(discriminator="kind"),
]
"""Sources that read what is there already; `distill` takes one of them for its questions and documents."""

DistillSource.model_rebuild(_types_namespace={"SeedSource": SeedSource})

Source = Annotated[SeedSource | DistillSource, Field(discriminator="kind")]

_SECTIONS = (*get_args(get_args(SeedSource)[0]), DistillSource)
SOURCE_KINDS = frozenset(get_args(section.model_fields["kind"].annotation)[0] for section in _SECTIONS)
"""Every `kind` of source."""


class CollectSection(Section):
    """Which sources are read, in this order."""

    sources: tuple[Source, ...] = Field(min_length=1)
    """At least one source."""

    @model_validator(mode="after")
    def _answers_come_from_somewhere(self) -> "CollectSection":
        if any(source.kind == "clinical" and source.targets == "none" for source in self.sources):
            raise ValueError(
                "a clinical source with `targets: none` has no answers: put it under `from:` of a `distill` source"
            )
        return self
