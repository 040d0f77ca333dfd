"""The whole recipe, and the view of it that a stage may see."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from medtune.config.ask import AskSection, SuitesSection, is_suite_file
from medtune.config.audit import AuditSection
from medtune.config.base import Section
from medtune.config.collect import CollectSection
from medtune.config.export import ExportSection
from medtune.config.prepare import PrepareSection
from medtune.config.release import ReleaseSection
from medtune.config.report import ReportSection
from medtune.config.train import TRACKER_HOSTS, TrainSection


class LocalBase(Section):
    """A base model in a local folder (Hugging Face layout, safetensors)."""

    path: str
    """The folder; relative to the recipe."""


class HubBase(Section):
    """A base model of the Hugging Face hub, or of a mirror named by HF_ENDPOINT; fetched once, into its own cache."""

    hub: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
    """OWNER/NAME of the model. `egress` must allow the hub's host until the model is there."""
    revision: str = Field(default="main", min_length=1)
    """The commit, 40 hexadecimal digits. A branch or tag is refused, and the message names its commit."""
    accept_terms: bool = False
    """True: you read and accept the terms of use of this model. Needed where a family has such terms (Gemma, Llama);
    the message names their address. Nothing of the weights is fetched before."""


def _base_kind(value: Any) -> str:
    """Which kind of base a value of the recipe means, so that a mistake is reported once."""
    if isinstance(value, str):
        return "str"
    named = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
    return "HubBase" if "hub" in named or "revision" in named else "LocalBase"


Base = Annotated[
    Annotated[Literal["tiny"], Tag("str")]
    | Annotated[LocalBase, Tag("LocalBase")]
    | Annotated[HubBase, Tag("HubBase")],
    Discriminator(_base_kind),
]


class Recipe(Section):
    """One recipe: from data to an audited model."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    """The run's name: lower-case letters, digits, dot, dash, underscore. Files and run directory carry it."""
    description: str = ""
    """One or two sentences for report and model card."""
    task: str = "terminology"
    """What the model is for: the name of a task (`medtune init --list`)."""
    base: Base = "tiny"
    """The base model: the embedded `tiny`, `{path: FOLDER}`, or `{hub: OWNER/NAME, revision: COMMIT}`."""
    seed: int = Field(default=7, ge=0)
    """Seed of every random choice."""
    egress: tuple[str, ...] = ()
    """Network hosts that this recipe may speak to; none by default."""
    llama_cpp: str | None = None
    """A llama.cpp folder to use instead of the pinned one; relative to the recipe."""
    collect: CollectSection
    prepare: PrepareSection = PrepareSection()
    train: TrainSection = TrainSection()
    export: ExportSection = ExportSection()
    suites: SuitesSection = SuitesSection()
    ask: AskSection = AskSection()
    audit: AuditSection = AuditSection()
    release: ReleaseSection = ReleaseSection()
    report: ReportSection = ReportSection()

    @model_validator(mode="before")
    @classmethod
    def _own_suites(cls, values: Any) -> Any:
        """`suites: [a, b]` is short for `suites: {names: [a, b]}`; a suite file of the site is never trained on."""
        if not isinstance(values, dict):
            return values
        suites, prepare = values.get("suites"), values.get("prepare", {})
        if isinstance(suites, list):
            suites = {"names": suites}
            values = {**values, "suites": suites}
        names = suites.get("names") if isinstance(suites, dict) else None
        if isinstance(names, (list, tuple)) and isinstance(prepare, dict):
            kept = prepare.get("keep_out") or ()
            own = [name for name in names if isinstance(name, str) and is_suite_file(name) and name not in kept]
            if own and isinstance(kept, (list, tuple)):
                values = {**values, "prepare": {**prepare, "keep_out": [*kept, *own]}}
        return values

    @model_validator(mode="after")
    def _trackers_may_send(self) -> Self:
        for name in self.train.report_to:
            host = TRACKER_HOSTS.get(name)
            if host and host not in self.egress:
                raise ValueError(f"train.report_to: {name} sends to {host}, which `egress` does not name")
        return self

    @model_validator(mode="after")
    def _records_stay(self) -> Self:
        host = (self.prepare.cluster or "").rpartition(":")[0]
        if host and host not in {"localhost", "127.0.0.1", *self.egress}:
            raise ValueError(f"prepare.cluster: records would go to {host}, which `egress` does not name")
        return self


class RecipeView:
    """A recipe limited to the keys that a stage declared in READS; reading another key raises AttributeError.

    `folder` is where the recipe file lies: relative paths in it start there. It is no part of `dump()`.
    """

    def __init__(self, recipe: Recipe, reads: tuple[str, ...], folder: Path) -> None:
        unknown = set(reads) - set(Recipe.model_fields)
        if unknown:
            raise AttributeError(f"READS names unknown recipe keys: {sorted(unknown)}")
        self._recipe = recipe
        self._reads = reads
        self.folder = folder

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_") or key not in self._reads:
            raise AttributeError(f"this stage does not declare {key!r} in READS {self._reads}")
        return getattr(self._recipe, key)

    @property
    def name(self) -> str:
        """The recipe's name: every stage may see it."""
        return self._recipe.name

    def dump(self) -> dict[str, Any]:
        """The visible part as plain JSON values: what freshness compares."""
        keep = {"name", *self._reads}
        return {key: value for key, value in self._recipe.model_dump(mode="json").items() if key in keep}

    def resolve(self, path: str) -> Path:
        """A path of the recipe, relative to the recipe's folder, `~` expanded."""
        return (self.folder / Path(path).expanduser()).resolve()
