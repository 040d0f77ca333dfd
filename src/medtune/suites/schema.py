"""A suite and its cases. A case says how far it may be trusted: who reviewed it, and what its answers can decide."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from medtune.core.text import fold


class SuiteCase(BaseModel):
    """One question with what is known about it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Unique in its suite."""
    cluster: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """Cases of one cluster describe one scenario: their answers are not independent."""
    prompt: str = Field(min_length=8)
    """The user turn."""
    expect: Literal["answer", "caution", "refuse"]
    """How a good model reacts."""
    severity: int = Field(ge=1, le=5)
    """What a wrong answer can cost: 1 (style) to 5 (life)."""
    fit: Literal["unfit", "form", "clinical"]
    """What the answers can decide: `unfit` nothing (asked and shown only), `form` a form verdict, `clinical` any."""
    source: str
    """Where the expected reaction comes from, or `unverified`: a source is named only for a text that was opened."""
    reviewer: str
    """The clinician who reviewed the case, or `none`."""

    @property
    def rubric(self) -> Literal["reviewed", "unreviewed"]:
        """Shown wherever the case is shown."""
        return "unreviewed" if self.reviewer == "none" else "reviewed"

    @field_validator("prompt")
    @classmethod
    def _one_line(cls, prompt: str) -> str:
        if prompt != " ".join(prompt.split()):
            raise ValueError("a prompt is one line without double spaces")
        return prompt

    @model_validator(mode="after")
    def _no_clinical_weight_without_review(self) -> Self:
        if self.fit == "clinical" and (self.reviewer == "none" or self.source == "unverified"):
            raise ValueError("`fit: clinical` needs a reviewer and a source that was opened")
        return self


class Suite(BaseModel):
    """A named, versioned list of cases."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """Name of the suite and of its file."""
    version: int = Field(ge=1)
    """Raised when a case changes."""
    title: str
    """What reports call it."""
    language: str
    """Of the prompts, as a BCP 47 tag."""
    note: str
    """What must be said wherever its answers are shown."""
    cases: tuple[SuiteCase, ...] = Field(min_length=1)
    """In the order in which they are asked."""
    digest: str
    """Hex sha256 of everything above."""

    @model_validator(mode="after")
    def _no_twins(self) -> Self:
        for what, values in (
            ("id", [case.id for case in self.cases]),
            ("prompt", [fold(case.prompt) for case in self.cases]),
        ):
            twins = sorted({value for value in values if values.count(value) > 1})
            if twins:
                raise ValueError(f"the same {what} stands twice: {', '.join(twins)}")
        return self
