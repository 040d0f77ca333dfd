"""`collect:` which sources are read."""

from typing import Annotated, Literal

from pydantic import Field

from medtune.config.base import Section


class MedquadSource(Section):
    """MedQuAD question-answer documents: bundled with medtune, or a folder or archive of its XML."""

    kind: Literal["medquad"]
    """The kind of source."""
    path: str | None = None
    """A folder or a .tar.xz/.tar.gz/.zip of MedQuAD XML; the bundled part when left out."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many documents, in sorted order."""


class FilesSource(Section):
    """The user's own JSONL or CSV: instruction/output, instruction/response, instruction/input/output or messages."""

    kind: Literal["files"]
    """The kind of source."""
    path: str
    """A file, or a folder whose .jsonl and .csv files are read in sorted order; relative to the recipe."""
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


Source = Annotated[MedquadSource | FilesSource | OpenfdaSource, Field(discriminator="kind")]


class CollectSection(Section):
    """Which sources are read, in this order."""

    sources: tuple[Source, ...] = Field(min_length=1)
    """At least one source."""
