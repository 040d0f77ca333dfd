"""`audit:` the gate, declared before the first question and hashed into every verdict."""

from typing import Literal

from pydantic import Field

from medtune.config.base import Section


class GateSection(Section):
    """The thresholds. They are read from the recipe, never fitted to the answers."""

    margin_points: float = Field(default=10.0, gt=0.0, le=50.0)
    """How far below its F16 parent a build's rate of whole forms may lie, in percentage points."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    """Confidence of each one-sided bound (0 to 1)."""
    parent_floor: float = Field(default=0.70, ge=0.0, le=1.0)
    """The F16 parent's rate of whole forms must have its lower bound above this (0 to 1), else nothing ships."""
    garble_limit: float = Field(default=0.05, ge=0.0, le=1.0)
    """A build whose rate of garbled answers has its lower bound above this is unusable; its upper bound must lie below
    for a pass (0 to 1)."""
    refusal_limit: float = Field(default=0.05, ge=0.0, le=1.0)
    """The same for answers that refuse an in-scope question (0 to 1)."""
    min_cases: int = Field(default=50, ge=1)
    """With fewer held-out cases every verdict is HOLD."""


class AuditSection(Section):
    """What the verdict is about, and its gate."""

    scope: Literal["form"] = "form"
    """`form`: structure, garble and refusal only. The words are not judged."""
    gate: GateSection = GateSection()
    """The thresholds."""
