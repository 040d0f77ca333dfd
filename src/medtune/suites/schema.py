"""A suite and its cases. A case is one scenario: how it is asked, what a right answer holds, and how far to trust that.

What an answer must hold is said with concepts of the lexicon (`suites/lexicon`), each with the polarity of advice that
is wanted or forbidden; numbers are slots with ranges; reference answers prove that a case can be satisfied.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from medtune.core.text import fold
from medtune.suites.units import UNITS

Category = Literal[
    "emergency",
    "medication",
    "triage",
    "over-refusal",
    "out-of-scope",
    "harmful",
    "privacy",
    "injection",
    "sycophancy",
    "structure",
]
CATEGORIES: tuple[str, ...] = get_args(Category)
Advice = Literal["advised", "prohibited"]

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_CONCEPT = r"^[a-z][a-z0-9-]*$"


class Must(BaseModel):
    """A concept that a right answer holds."""

    model_config = _CONFIG

    concept: str = Field(pattern=_CONCEPT)
    """Id in the lexicon; `any_of` names others that do as well."""
    any_of: tuple[str, ...] = ()
    """Concepts of which one is as good as `concept`."""
    polarity: Advice = "advised"
    """The advice that is wanted: to do it, or not to."""
    severity: int = Field(default=4, ge=1, le=5)
    """What its absence can cost: 1 (style) to 5 (life)."""
    before: str | None = Field(default=None, pattern=_CONCEPT)
    """A concept that may not come earlier in the answer."""

    @property
    def concepts(self) -> tuple[str, ...]:
        """Everything that satisfies it."""
        return (self.concept, *self.any_of)


class MustNot(BaseModel):
    """A concept that no answer may hold."""

    model_config = _CONFIG

    concept: str = Field(pattern=_CONCEPT)
    """Id in the lexicon."""
    polarity: Advice = "advised"
    """The advice that is the violation: to do it, or (`prohibited`) to leave it."""
    severity: int = Field(default=4, ge=1, le=5)
    """What following it can cost: 1 (style) to 5 (life)."""


class Range(BaseModel):
    """Closed range of a quantity."""

    model_config = _CONFIG

    low: float
    """Least that is right."""
    high: float
    """Most that is right."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"`low` {self.low:g} is above `high` {self.high:g}")
        return self


class Slot(Range):
    """A quantity in an answer, and where it must lie."""

    name: str = Field(pattern=_CONCEPT)
    """Unique in its case."""
    concept: str | None = Field(default=None, pattern=_CONCEPT)
    """The quantity is read in sentences that hold this concept; without one, in the whole answer."""
    unit: str
    """A key of `suites.units.UNITS`; quantities in other units of the same kind are converted."""
    severity: int = Field(default=4, ge=1, le=5)
    """What a quantity outside the range can cost: 1 (style) to 5 (life)."""
    required: bool = False
    """True when an answer without the quantity is incomplete."""
    limit: bool = False
    """True for a maximum: the quantity counts in «not more than 4 g a day», too, though that is a prohibition."""
    by_locale: dict[str, Range] = {}
    """Ranges of locales whose guidelines differ."""

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str) -> str:
        if unit not in UNITS:
            raise ValueError(f"unknown unit {unit!r}; known units: {', '.join(UNITS)}")
        return unit

    def range_in(self, locale: str | None) -> tuple[float, float]:
        """`low` and `high` that hold in a locale."""
        chosen = self.by_locale.get(locale or "", self)
        return chosen.low, chosen.high


class Source(BaseModel):
    """A text that was opened when the case was written: facts were taken from it, never its words."""

    model_config = _CONFIG

    address: str = Field(pattern=r"^https?://")
    """Public address."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Hex sha256 of the text as it was opened."""
    title: str = ""
    """What the text calls itself."""

    def __str__(self) -> str:
        return f"{self.address} sha256:{self.sha256}"


@dataclass(frozen=True)
class Question:
    """One wording of a scenario, as it is asked."""

    id: str
    """Of the case, with the number of the wording behind a dot when there are several."""
    prompt: str
    case: "SuiteCase"


class SuiteCase(BaseModel):
    """One scenario with what is known about it."""

    model_config = _CONFIG

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """Unique in its suite."""
    category: Category = "emergency"
    """What kind of question it is."""
    cluster: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """Cases of one cluster are not independent. Its first part is the trigger: what happened."""
    prompts: tuple[str, ...] = Field(min_length=1)
    """The user turn in several wordings, each of which is a question (`prompt: …` when there is one)."""
    lines: bool = False
    """True when the prompts are documents, whose lines count. `document: …` says so and gives the only prompt."""
    expect: Literal["answer", "caution", "refuse"]
    """How a good model reacts."""
    severity: int = Field(ge=1, le=5)
    """What a wrong answer can cost: 1 (style) to 5 (life)."""
    critical: bool = False
    """True when the case is also asked k times at the deployed settings, and the worst answer counts."""
    fit: Literal["unfit", "form", "clinical"] = "unfit"
    """What the answers can decide: `unfit` nothing (asked and shown only), `form` a form verdict, `clinical` one of
    either scope; while no clinician reviewed the case it can fail a build but never give the highest verdict."""
    must: tuple[Must, ...] = ()
    """What a right answer holds."""
    must_not: tuple[MustNot, ...] = ()
    """What no answer may hold; the suite's own `must_not` are joined to these."""
    allows: tuple[str, ...] = ()
    """Concepts of the suite's `must_not` that are right in this scenario."""
    slots: tuple[Slot, ...] = ()
    """Quantities and their ranges."""
    structure: str | None = None
    """Name of the task whose output contract the answer must meet."""
    locale: str | None = None
    """Where the scenario plays, when it says so; else the recipe's `suites.locale` decides."""
    references: tuple[str, ...] = ()
    """Answers that satisfy the case, in our own words."""
    source: Source | Literal["unverified"] = "unverified"
    """A text that was opened and backs the most severe thing that the case requires, else `unverified`."""
    reviewer: str = "none"
    """The clinician who reviewed the case, or `none`."""

    @property
    def prompt(self) -> str:
        """The first wording."""
        return self.prompts[0]

    @property
    def questions(self) -> tuple[Question, ...]:
        """Each wording with its id."""
        if len(self.prompts) == 1:
            return (Question(self.id, self.prompt, self),)
        return tuple(Question(f"{self.id}.{number}", prompt, self) for number, prompt in enumerate(self.prompts, 1))

    @property
    def trigger(self) -> str:
        """What happened, as the first part of the cluster says."""
        return self.cluster.partition(".")[0]

    @property
    def rubric(self) -> Literal["reviewed", "unreviewed"]:
        """Shown wherever the case is shown."""
        return "unreviewed" if self.reviewer == "none" else "reviewed"

    @property
    def concepts(self) -> tuple[str, ...]:
        """Every concept that the case names, each once."""
        named = [concept for must in self.must for concept in must.concepts]
        named += [must.before for must in self.must if must.before]
        named += [must_not.concept for must_not in self.must_not]
        named += [slot.concept for slot in self.slots if slot.concept]
        return tuple(dict.fromkeys([*named, *self.allows]))

    @model_validator(mode="before")
    @classmethod
    def _one_prompt(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = [key for key in ("prompt", "prompts", "document") if key in values]
        if len(given) > 1:
            raise ValueError(f"a case has one of `prompt`, `prompts` and `document`, not {' and '.join(given)}")
        if given in (["prompt"], ["document"]):
            rest = {key: value for key, value in values.items() if key != given[0]}
            text = values[given[0]]
            if given == ["document"]:
                return {**rest, "lines": True, "prompts": [text.strip("\n") if isinstance(text, str) else text]}
            return {**rest, "prompts": [text]}
        return values

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for prompt in self.prompts:
            if len(prompt) < 8 or (prompt != " ".join(prompt.split()) and not self.lines):
                raise ValueError("a prompt is one line of 8 characters or more without double spaces")
        names = [slot.name for slot in self.slots]
        if twins := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"the same slot stands twice: {', '.join(sorted(twins))}")
        wanted = {(must.concept, must.polarity) for must in self.must}
        if both := sorted(one.concept for one in self.must_not if (one.concept, one.polarity) in wanted):
            raise ValueError(f"required and forbidden at once: {', '.join(both)}")
        return self


class Suite(BaseModel):
    """A named, versioned list of cases."""

    model_config = _CONFIG

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
    lexicon: tuple[str, ...] = ()
    """Lexicon files beside the suite whose concepts it uses together with those that medtune brings."""
    must_not: tuple[MustNot, ...] = ()
    """What no answer to any case may hold; a case that it is right for says so in `allows`."""
    cases: tuple[SuiteCase, ...] = Field(min_length=1)
    """In the order in which they are asked."""
    digest: str
    """Hex sha256 of everything above."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """The first wording of every case, then the second of those that have one, and so on: the order of asking."""
        rounds = zip_longest(*(case.questions for case in self.cases))
        return tuple(question for one in rounds for question in one if question is not None)

    @property
    def independent(self) -> int:
        """How many clusters there are."""
        return len({case.cluster for case in self.cases})

    @model_validator(mode="after")
    def _no_twins(self) -> Self:
        for what, values in (
            ("id", [case.id for case in self.cases]),
            ("prompt", [fold(prompt) for case in self.cases for prompt in case.prompts]),
        ):
            twins = sorted(value for value, count in Counter(values).items() if count > 1)
            if twins:
                raise ValueError(f"the same {what} stands twice: {', '.join(twins)}")
        return self
