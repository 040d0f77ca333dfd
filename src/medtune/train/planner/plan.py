"""What the planner decides: every choice that a recipe may leave open, with its reasons."""

from dataclasses import dataclass, field
from typing import Any, Literal

from medtune.train.capability import Dtype

Method = Literal["lora", "qlora", "fp8", "full"]
Checkpointing = Literal["none", "selective", "full"]
EngineName = Literal["fast", "trl", "unsloth"]


@dataclass(frozen=True)
class Alternative:
    """A choice that was not taken."""

    what: str
    why: str


@dataclass(frozen=True)
class TrainingPlan:
    """Everything an engine needs to know beside the recipe's own settings; nothing in it is `auto`."""

    engine: EngineName
    method: Method
    dtype: Dtype
    """Type for computing (and of the frozen base, unless the method stores it otherwise)."""
    checkpointing: Checkpointing
    micro_batch: int
    """Rows in one forward pass at most; a multiple of passes makes the optimiser step, whose rows never change."""
    micro_tokens: int
    """Tokens in one forward pass at most, padding included: what the memory forecast counted with."""
    packing: bool
    """Rows of one pass stand one after another without padding, attending each to itself alone."""
    memory_bytes: int | None = None
    """Forecast of the peak on the card; None: not forecast."""
    seconds: float | None = None
    """Forecast of the training time; None: not forecast."""
    why: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = field(default=())

    def facts(self) -> dict[str, Any]:
        """As JSON values, for training.json."""
        return {
            "engine": self.engine,
            "method": self.method,
            "dtype": self.dtype,
            "checkpointing": self.checkpointing,
            "micro_batch": self.micro_batch,
            "micro_tokens": self.micro_tokens,
            "packing": self.packing,
            "forecast_memory_bytes": self.memory_bytes,
            "forecast_seconds": None if self.seconds is None else round(self.seconds, 1),
            "why": list(self.why),
            "rejected": [{"what": item.what, "why": item.why} for item in self.alternatives],
        }
