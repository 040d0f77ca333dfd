"""What a recipe asks the planner for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from medtune.train.capability import Dtype
from medtune.train.planner.plan import Checkpointing, EngineName, Method


@dataclass(frozen=True)
class Wish:
    """What the recipe asks for; `auto` leaves it to the planner."""

    method: Method | Literal["auto"] = "auto"
    engine: EngineName | Literal["auto"] = "auto"
    dtype: Dtype | Literal["auto"] = "auto"
    checkpointing: Checkpointing | Literal["auto"] = "auto"
    packing: bool | Literal["auto"] = "auto"
    memory_limit_bytes: int | None = None
    batch_size: int = 8
    accumulation: int = 1
    steps: int = 1
    seed: int = 7
    lora_r: int = 16
    targets: tuple[str, ...] | str = "all-linear"
    optimizer: str = "adamw"
    dora: bool = False
    dropout: bool = False
    trained_share: float = 1.0
    """Share of the tokens that are trained."""
    allowed: tuple[Dtype, ...] = ("bfloat16", "float16", "float32")
    """Types that the model family may be computed in: some overflow in float16."""
    unable: Mapping[EngineName, str | None] = field(default_factory=dict)
    """Why an engine cannot run on this machine at all, by its own word; absent or None: it can."""

    @property
    def step_rows(self) -> int:
        """Rows of an optimiser step; no plan changes them."""
        return self.batch_size * self.accumulation
