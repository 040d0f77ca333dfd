"""What may be drawn: conditions, ranges of values, doses, and the words around them."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from medtune.core.io import read_text

FOLDER = Path(__file__).with_name("facts")
FILES = tuple(FOLDER / f"{name}.yaml" for name in ("conditions", "ranges", "shared", "wording"))
"""The facts, in the order in which they are digested."""


class Span(BaseModel):
    """Values from `low` to `high`, both included."""

    model_config = ConfigDict(frozen=True)
    low: Decimal
    high: Decimal

    def within(self, outer: "Span") -> bool:
        """Does this span lie inside of another?"""
        return outer.low <= self.low and self.high <= outer.high


def _span(value: Any) -> Any:
    """`38.2..39.6` as a span."""
    low, dots, high = str(value).partition("..")
    return {"low": low, "high": high} if dots else value


Range = Annotated[Span, BeforeValidator(_span)]


class Fact(BaseModel):
    """A part of the facts."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Conventional(Fact):
    """What differs in conventional units."""

    unit: str
    factor: Decimal
    reference: str
    digits: int
    name: str = ""


class LabFact(Fact):
    """One laboratory quantity."""

    unit: str
    low: Decimal
    high: Decimal
    reference: str = Field(pattern=r"^[0-9.]+-[0-9.]+$")
    usual: Range
    digits: int
    slow: bool = False
    """Changes over weeks only: not measured again during a stay."""
    us: Conventional | None = None


class VitalFact(Fact):
    """One vital sign."""

    text: str
    text_zh: str
    low: Decimal
    high: Decimal
    usual: Range
    digits: int


class Ranges(Fact):
    """The range table."""

    labs: dict[str, LabFact]
    vitals: dict[str, VitalFact]
    doses: dict[str, dict[str, Range]]


class Culture(Fact):
    """An organism, where it grows, and what it is treated with (one of `drugs`)."""

    specimen: str
    organism: str
    drugs: tuple[str, ...]
    adds: bool = False
    """The drugs come besides the condition's; else in place of its first group."""


class Imaging(Fact):
    """A study and what it shows."""

    study: str
    finding: str
    finding_zh: str


class Consult(Fact):
    """What another department may be asked, and its possible replies in English and Chinese."""

    department: str
    reason: str
    reason_zh: str
    question: str
    replies: tuple[tuple[str, str], ...] = Field(min_length=1)
    history: str = ""
    """A chronic condition that the patient then has."""


class Condition(Fact):
    """One condition."""

    name: str
    ward: str
    age: Range
    sex: Literal["man", "woman", ""] = ""
    complaints: tuple[str, ...] = Field(min_length=1)
    history: tuple[str, ...] = ()
    vitals: dict[str, Range]
    """Those that the condition changes; the others are usual ones."""
    labs: dict[str, Range]
    skip: tuple[str, ...] = ()
    """Quantities that are not shown because a usual value would not fit."""
    cultures: tuple[Culture, ...] = ()
    drugs: tuple[tuple[str, ...], ...]
    """One of each group; the first group gives way to a culture's drugs."""
    imaging: tuple[Imaging, ...]
    procedures: tuple[str, ...] = ()
    consults: tuple[Consult, ...] = Field(min_length=1)
    disposition: tuple[str, ...] = ()


class Notes(Fact):
    """Sentences of notes."""

    progress: tuple[str, ...]
    nursing: tuple[str, ...]
    pending: str


class ConsultationWording(Fact):
    """Sentences of a consultation's summary, in one language; each list holds ways to say the same."""

    thinking: tuple[str, ...]
    state_replied: tuple[str, ...]
    state_awaited: tuple[str, ...]
    lead: tuple[str, ...]
    findings: tuple[str, ...]
    medication: tuple[str, ...]
    replied: tuple[str, ...]
    awaited: tuple[str, ...]
    none: str
    join: str
    """Between the parts of a list."""
    space: str
    """Between two sentences."""


class EncounterWording(Fact):
    """Sentences of a stay's summary."""

    lead: tuple[str, ...]
    results: tuple[str, ...]
    later: tuple[str, ...]
    imaging: tuple[str, ...]
    culture: tuple[str, ...]
    treatment: tuple[str, ...]
    procedure: tuple[str, ...]
    replied: tuple[str, ...]
    awaited: tuple[str, ...]


class Wording(Fact):
    """Sentences of reference answers."""

    consultation: dict[str, ConsultationWording]
    encounter: EncounterWording


class Facts(Fact):
    """All of it."""

    written: str
    """Date of the facts, ISO 8601."""
    ranges: Ranges
    conditions: tuple[Condition, ...]
    history: dict[str, tuple[str, ...]]
    departments_zh: dict[str, str]
    studies_zh: dict[str, str]
    labs_zh: dict[str, str]
    choices_zh: dict[str, str]
    panel: tuple[str, ...]
    dispositions: tuple[str, ...]
    notes: Notes
    wording: Wording

    @model_validator(mode="after")
    def _holds_together(self) -> "Facts":
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


@cache
def load_facts() -> Facts:
    """The facts that medtune brings. Raises pydantic's ValidationError when they contradict each other."""
    conditions, ranges, shared, wording = (yaml.safe_load(read_text(path)) for path in FILES)
    return Facts.model_validate({**shared, "conditions": conditions, "ranges": ranges, "wording": wording})


def _problems(facts: Facts) -> Iterator[str]:
    """What is named but not there, and values outside of the range table."""
    for condition in facts.conditions:
        own = {*condition.history, *(consult.history for consult in condition.consults if consult.history)}
        for name in sorted(own - set(facts.history)):
            yield f"{condition.name}: no history {name!r}"
        wards = {condition.ward, *(consult.department for consult in condition.consults)}
        for name in sorted(wards - set(facts.departments_zh)):
            yield f"{condition.name}: no Chinese name of {name}"
        studies = {one.study for one in condition.imaging} | {one.specimen for one in condition.cultures}
        for name in sorted(set(facts.labs_zh) - _shown_names(facts.ranges)):
            yield f"labs_zh: no lab {name!r}"
        for name in sorted(studies - set(facts.studies_zh)):
            yield f"{condition.name}: no Chinese name of {name}"
        for kind, table in (("labs", facts.ranges.labs), ("vitals", facts.ranges.vitals)):
            for name, span in getattr(condition, kind).items():
                fact = table.get(name)
                if fact is None or not span.within(Span(low=fact.low, high=fact.high)):
                    yield f"{condition.name}: {name} is not in the range table, or outside of it"
    for name in sorted(set(facts.panel) - set(facts.ranges.labs)):
        yield f"panel: no lab {name!r}"


def _shown_names(ranges: Ranges) -> set[str]:
    """Names of quantities in both systems of units."""
    return {*ranges.labs, *(fact.us.name for fact in ranges.labs.values() if fact.us and fact.us.name)}


SLOT = re.compile(r"\{([^{}]+)\}")
"""`{2..5}` or `{a|b}`; other braces are filled by who uses the text."""
