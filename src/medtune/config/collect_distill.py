"""A `distill` source: a larger model, the teacher, writes answers, evidence or question-answer pairs."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from medtune.config.base import Section

if TYPE_CHECKING:
    from medtune.config.collect import SeedSource

DistillMode = Literal["answers", "evidence", "pairs"]


class TeacherSection(Section):
    """The model that writes, behind any OpenAI-compatible address: llama-server, vLLM, Ollama, a hosted one."""

    endpoint: str = Field(default="http://127.0.0.1:8000/v1", pattern=r"^https?://")
    """Where it answers. Another machine than this one must also stand in `egress`."""
    model: str = Field(min_length=1)
    """The model's name as the endpoint knows it."""
    key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Environment variable that holds the endpoint's key; the key itself never stands in a recipe."""
    licence: str = "not stated"
    """Licence or terms that bind what this model writes; shown in report and model card."""
    attribution: str = ""
    """How its makers want to be named; the model's name when left out."""
    timeout_s: float = Field(default=300.0, gt=0)
    """Seconds for one whole answer."""


class CategorySection(Section):
    """One category of synthetic pairs."""

    quota: int = Field(ge=1)
    """Accepted rows that are wanted."""
    about: str = ""
    """What belongs to it, in a sentence for the teacher."""
    topics: tuple[str, ...] = ()
    """Topics to write about, in this order; the teacher is asked for topics when left out."""

    @model_validator(mode="before")
    @classmethod
    def _quota_alone(cls, value: Any) -> Any:
        """`NAME: 40` is short for `NAME: {quota: 40}`."""
        return {"quota": value} if isinstance(value, int) and not isinstance(value, bool) else value


Categories = Annotated[
    Annotated[Literal["medical-education"], Tag("[named]")] | Annotated[dict[str, CategorySection], Tag("[own]")],
    Discriminator(lambda value: "[named]" if isinstance(value, str) else "[own]"),
]


class PriceSection(Section):
    """What a hosted teacher costs, for the cost line and the estimate."""

    prompt: float = Field(ge=0)
    """Price of a million prompt tokens."""
    answer: float = Field(ge=0)
    """Price of a million answer tokens."""
    currency: str = "USD"
    """Its currency, for display only."""


class DistillSource(Section):
    """Rows written by a teacher. Each passes the task's contract, or it is asked again and then rejected.

    Every prompt is scanned for identifiers of people first; one that holds any is held back.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["distill"]
    """The kind of source."""
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """What reports call this source; `distill` when left out."""
    teacher: TeacherSection
    """Who writes."""
    task: str
    """The task whose form the answers must have (`medtune init --list`)."""
    mode: DistillMode = "answers"
    """`answers`: an answer to each question or document, reasoning included where the task's form has it; `evidence`:
    the words of a document that its summary rests on; `pairs`: questions with their answers, by category."""
    from_: Annotated["SeedSource | None", Field(alias="from")] = None
    """A source whose questions and documents are the prompts; with `evidence`, whose answers are the summaries."""
    topics: tuple[str, ...] = ()
    """Topics to ask about instead of `from`."""
    categories: Categories = Field(default_factory=dict)
    """With `pairs`: name and quota of each category, or `medical-education`: 200 pairs in five categories."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many prompts of `from` or `topics`."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Calls to the teacher at once."""
    max_tries: int = Field(default=3, ge=1, le=10)
    """Calls for one row; each after the first tells the teacher what was wrong."""
    token_budget: int | None = Field(default=None, ge=1)
    """Prompt and answer tokens that may be used in all; then nothing more is asked. No limit when left out."""
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    """0 gives the likeliest answer, more gives variety."""
    max_tokens: int | None = Field(default=None, ge=16)
    """Longest answer in the teacher's tokens; the task's own limit when left out."""
    seed: int = Field(default=7, ge=0)
    """Seed that the teacher is given; another one asks everything anew."""
    near_duplicate: float = Field(default=0.8, gt=0.0, le=1.0)
    """Share of runs of five words from which on an answer counts as one that is there already."""
    price: PriceSection | None = None
    """What the teacher costs; no cost line when left out."""
    public: bool = False
    """True when report and card may show its text; never where `from` is not public itself."""

    @property
    def path(self) -> str | None:
        """The path that `from` reads."""
        return self.from_.path if self.from_ is not None else None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = {"from": self.from_, "topics": self.topics, "categories": self.categories}
        given = [name for name, value in ways.items() if value]
        if len(given) != 1:
            raise ValueError("give one of `from`, `topics` and `categories`")
        fitting = {"answers": ("from", "topics"), "evidence": ("from",), "pairs": ("topics", "categories")}[self.mode]
        if given[0] not in fitting:
            raise ValueError(f"mode `{self.mode}` takes {' or '.join(f'`{name}`' for name in fitting)}")
        return self
