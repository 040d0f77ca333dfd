"""Sources of clinical documents: made-up cases, open sets of notes, and a site's own exports."""

from typing import Literal, get_args

from pydantic import Field, model_validator

from medtune.config.base import Section

ClinicalTask = Literal[
    "consult-summary", "consult-summary/zh-Hant", "consult-validation", "discharge-summary", "discharge-validation"
]


class SyntheticSource(Section):
    """Made-up cases of a clinical task: medically coherent, without names of people, with answers that keep to them."""

    kind: Literal["synthetic"]
    """The kind of source."""
    path: None = None
    task: ClinicalTask
    """The task whose documents and answers are made; the same seed gives all tasks the same patients."""
    cases: int = Field(default=600, ge=1, le=100_000)
    """How many distinct cases."""
    seed: int = Field(default=7, ge=0)
    """Seed of the draw; cases of different seeds have nothing but the facts in common."""
    size: Literal["short", "full", "mixed"] = "short"
    """`short`: some of the results, drugs and findings; most documents then have up to 400 tokens of the tiny model.
    `full`: all of them, results of later days and more notes. `mixed`: two in five are full."""
    locale: Literal["international", "us"] = "international"
    """Units of the laboratory: `international` (mmol/L, µmol/L) or `us` (mg/dL)."""


class FirstAidSource(Section):
    """Accidents and sudden illness with numbered steps, in medtune's own words: the form of the task `emergency`."""

    kind: Literal["first_aid"]
    """The kind of source."""
    path: None = None
    cases: int = Field(default=600, ge=1, le=10_000)
    """At most so many rows; there are some thousand distinct ones."""
    seed: int = Field(default=7, ge=0)
    """Seed of the draw."""
    locale: str | None = Field(default=None, pattern=r"^[A-Za-z]{2}$")
    """Country (ISO 3166, e.g. GB) whose emergency number is named; «the local emergency number» when left out."""


ConsultationField = Literal[
    "case", "request.department", "request.from", "request.reason", "request.question", "background", "medication",
    "laboratory", "lab.name", "lab.value", "lab.unit", "lab.range", "findings", "reply", "summary", "answer",
]  # fmt: skip
EncounterField = Literal[
    "case", "diagnosis", "lab.name", "lab.value", "lab.unit", "lab.range", "lab.day", "order", "order.kind",
    "order.day", "medication", "procedure", "imaging", "note", "note.kind", "note.day", "admission", "progress",
    "nursing", "discharge", "consultation", "consultation.department", "consultation.day", "disposition", "summary",
    "answer",
]  # fmt: skip
_FIELDS = {"consultation": get_args(ConsultationField), "encounter": get_args(EncounterField)}
_NEEDED = {"consultation": ("request.department", "request.reason"), "encounter": ("diagnosis",)}
_TASKS: dict[str, ClinicalTask] = {"consultation": "consult-summary", "encounter": "discharge-summary"}


class ClinicalSource(Section):
    """A site's own export: CSV, XLSX, Parquet, JSON, JSONL, or FHIR R4 bundles; to consultation forms or encounters.

    Never public: reports show no text, and the PHI gate reads every record before anything else is made of it.
    """

    kind: Literal["clinical"]
    """The kind of source."""
    path: str
    """A file, or a folder whose files of these kinds are read in sorted order; relative to the recipe."""
    form: Literal["consultation", "encounter"]
    """Which document is made of each case."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which column (of nested JSON: keys joined by dots) stands for which part of the document, e.g.
    `{case: Fallnummer, request.department: Abteilung, request.reason: Anlass}`. Rows with the same `case` make one
    document; without `case` each row is one. Not used for FHIR bundles."""
    task: ClinicalTask | None = None
    """The task that the answers belong to; consult-summary or discharge-summary, by `form`, when left out."""
    targets: Literal["required", "none"] = "required"
    """`required`: the column `answer` holds what the model is to write; cases without it are counted and left out.
    `none`: documents without answers, for `from:` of a `distill` source, whose teacher writes them."""
    max_chars: int = Field(default=8000, ge=500)
    """Longest document in characters; about four make a token of English. `prepare.max_tokens` still applies."""
    too_long: Literal["reject", "split"] = "reject"
    """A longer document is counted and listed, or (with `targets: none`) its longest notes are cut at the ends of
    paragraphs and sentences, so that it becomes several documents, each with the rest of the case."""
    name: str | None = None
    """What reports call this source; `clinical` when left out."""
    licence: str = "internal"
    """The licence of these records, shown in report and model card."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many documents."""

    @model_validator(mode="after")
    def _holds_together(self) -> "ClinicalSource":
        fields = _FIELDS[self.form]
        if unknown := [field for field in self.columns if field not in fields]:
            raise ValueError(f"`columns` of a {self.form} has no {unknown[0]!r}; there are {', '.join(fields)}")
        if self.columns and (missing := [field for field in _NEEDED[self.form] if field not in self.columns]):
            raise ValueError(f"`columns` must name {missing[0]!r}")
        if self.targets == "required" and "answer" not in self.columns:
            raise ValueError("`columns` must name 'answer' (FHIR bundles hold none), or say `targets: none`")
        if self.too_long == "split" and self.targets == "required":
            raise ValueError("`too_long: split` needs `targets: none`: an answer belongs to the whole document")
        if self.own_task.startswith("consult") != (self.form == "consultation"):
            raise ValueError(f"the task {self.own_task} does not read a {self.form}")
        if self.own_task.endswith("validation") and "summary" not in self.columns:
            raise ValueError(f"the task {self.own_task} needs the column 'summary': what is checked")
        return self

    @property
    def own_task(self) -> ClinicalTask:
        """The task, by `form` where the recipe names none."""
        return self.task or _TASKS[self.form]


class ClinicalNotesSource(Section):
    """Open sets of simulated visits that medtune brings: what was said, and the note that a clinician made of it."""

    kind: Literal["clinical_notes"]
    """The kind of source."""
    path: None = None
    sets: tuple[Literal["mts-dialog", "aci-bench", "primock57"], ...] = Field(
        default=("mts-dialog", "aci-bench", "primock57"), min_length=1
    )
    """Which sets are read."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many visits of each set."""
