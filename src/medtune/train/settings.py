"""The plain values that a training run needs, taken out of the recipe at the door."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from medtune.config.train import TrainSection


@dataclass(frozen=True)
class Settings:
    """As in `config.train`, with the seed and the number of optimiser steps worked out."""

    seed: int
    steps: int
    lora_r: int
    lora_alpha: int
    lora_dropout: float
    target_modules: tuple[str, ...] | str
    learning_rate: float
    lr_scheduler: str
    warmup_steps: int
    weight_decay: float
    max_grad_norm: float
    batch_size: int
    accumulation: int
    max_seq_length: int
    eval_every: int
    save_every: int
    keep_checkpoints: int
    patience: int | None

    @property
    def step_rows(self) -> int:
        """Rows of one optimiser step, however many of them go into one forward pass."""
        return self.batch_size * self.accumulation

    def lora_facts(self) -> dict[str, Any]:
        """The adapter's settings as JSON values."""
        values = asdict(self)
        names = ("lora_r", "lora_alpha", "lora_dropout", "target_modules")
        return {name: list(values[name]) if isinstance(values[name], tuple) else values[name] for name in names}


def make_settings(section: TrainSection, seed: int, rows: int) -> Settings:
    """Settings for `rows` training rows."""
    steps = total_steps(section, rows)
    return Settings(
        seed=seed,
        steps=steps,
        lora_r=section.lora_r,
        lora_alpha=section.lora_alpha,
        lora_dropout=section.lora_dropout,
        target_modules=section.target_modules,
        learning_rate=section.learning_rate,
        lr_scheduler=section.lr_scheduler,
        warmup_steps=math.ceil(section.warmup_ratio * steps),
        weight_decay=section.weight_decay,
        max_grad_norm=section.max_grad_norm,
        batch_size=section.batch_size,
        accumulation=section.gradient_accumulation_steps,
        max_seq_length=section.max_seq_length,
        eval_every=section.eval_every_steps,
        save_every=section.save_every_steps,
        keep_checkpoints=section.keep_checkpoints,
        patience=section.early_stopping_patience,
    )


def total_steps(section: TrainSection, rows: int) -> int:
    """Optimiser steps: `max_steps`, or whole epochs; the last batch of an epoch may be smaller."""
    if section.max_steps is not None:
        return section.max_steps
    batches = math.ceil(rows / section.batch_size)
    per_epoch = max(1, math.ceil(batches / section.gradient_accumulation_steps))
    return max(1, math.ceil(section.num_epochs * per_epoch))
