"""Sources of clinical documents: made-up cases, open sets of notes, and a site's own exports."""

from typing import Literal

from pydantic import Field

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
