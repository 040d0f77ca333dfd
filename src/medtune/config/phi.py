"""`prepare.phi:` what is done about identifiers of people."""

import re
from typing import Literal

from pydantic import Field, field_validator

from medtune.config.base import Section

PhiKind = Literal[
    "name", "place", "date", "age", "phone", "fax", "email", "ssn", "mrn", "health_plan", "account", "licence",
    "vehicle", "device", "url", "ip", "biometric", "photo", "unique_id",
]  # fmt: skip


class PhiAccept(Section):
    """A person's word that the gate's measured recall suffices for this data; model card and report show it."""

    who: str = Field(min_length=1)
    """Who decided."""
    why: str = Field(min_length=1)
    """Why, e.g. `de-identified at the source, approval 2026-114`."""


class PhiSection(Section):
    """The PHI gate: finds identifiers of people and acts on them; if it cannot run, the stage fails."""

    profile: Literal["auto", "clinical", "public"] = "auto"
    """`clinical` acts on every record, `public` reads a sample, counts and changes nothing; `auto`: public for sources
    whose text a report may show, clinical for all others (your own files among them)."""
    action: Literal["mask", "surrogate", "reject"] = "mask"
    """`mask` writes [NAME] and the like; `surrogate` writes made-up values, the same throughout a record, all its dates
    moved by one offset; `reject` leaves the record out. Ages over 89 become «over 89»."""
    patterns: dict[PhiKind, tuple[str, ...]] = Field(default_factory=dict)
    """Regular expressions of your site, by kind, e.g. `{mrn: ['KH-\\d{6}'], place: ['Ward (?:Birch|Oak)']}`."""
    ner_model: str | None = None
    """A local folder with a token classification model (Hugging Face layout) that finds names and places as well."""
    accept: PhiAccept | None = None
    """Go on although the test with planted identifiers finds less than 98 % of a kind; `who` and `why`."""
    public_sample: int = Field(default=200, ge=0)
    """How many records of public sources are read for the count, at most; a draw that the records' ids decide."""

    @field_validator("patterns")
    @classmethod
    def _can_be_read(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for expression in (one for several in value.values() for one in several):
            try:
                re.compile(expression)
            except re.error as error:
                raise ValueError(f"the pattern {expression!r} cannot be read: {error}") from error
        return value
