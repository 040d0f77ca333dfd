"""The plain values that a training run needs, taken out of the recipe at the door."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from medtune.chat.family import Family
from medtune.config.train import TrainSection
from medtune.train.capability import Capability
from medtune.train.planner.wish import Wish


@dataclass(frozen=True)
class Settings:
    """As in `config.train`, with the seed and the number of optimiser steps worked out."""

    seed: int
    steps: int
    lora_r: int
    lora_alpha: int
    lora_dropout: float
    rslora: bool
    dora: bool
    target_modules: tuple[str, ...] | str
    neftune_alpha: float | None
    learning_rate: float
    lr_scheduler: str
    lr_cycles: int
    min_lr_ratio: float
    warmup_steps: int
    optimizer: str
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
        names = ("lora_r", "lora_alpha", "lora_dropout", "rslora", "dora", "target_modules")
        return {name: list(values[name]) if isinstance(values[name], tuple) else values[name] for name in names}

    def schedule(self) -> tuple[str, dict[str, Any]]:
        """Name and arguments of the learning rate's schedule, as transformers.get_scheduler takes them."""
        arguments: dict[str, dict[str, Any]] = {
            "cosine_with_restarts": {"num_cycles": self.lr_cycles},
            "cosine_with_min_lr": {"min_lr_rate": self.min_lr_ratio},
        }
        name = "constant_with_warmup" if self.lr_scheduler == "constant" else self.lr_scheduler
        return name, arguments.get(self.lr_scheduler, {})


def make_settings(section: TrainSection, seed: int, rows: int) -> Settings:
    """Settings for `rows` training rows."""
    steps = total_steps(section, rows)
    return Settings(
        seed=seed,
        steps=steps,
        lora_r=section.lora_r,
        lora_alpha=section.lora_alpha,
        lora_dropout=section.lora_dropout,
        rslora=section.use_rslora,
        dora=section.use_dora,
        target_modules=section.target_modules,
        neftune_alpha=section.neftune_noise_alpha,
        learning_rate=section.learning_rate,
        lr_scheduler=section.lr_scheduler,
        lr_cycles=section.lr_cycles,
        min_lr_ratio=section.min_lr_ratio,
        warmup_steps=math.ceil(section.warmup_ratio * steps) if section.warmup_steps is None else section.warmup_steps,
        optimizer=section.optimizer,
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


def make_wish(
    section: TrainSection, settings: Settings, capability: Capability, family: Family, trained_share: float
) -> Wish:
    """What the recipe leaves open and what it and the family's card fix, for the planner."""
    from medtune.train.engines import unable

    limit, targets = section.memory_limit_gib, settings.target_modules
    if isinstance(targets, str):
        targets = family.target_modules or targets
    return Wish(
        method=section.method,
        engine=section.engine,
        dtype=section.dtype,
        checkpointing=section.checkpointing,
        packing=section.packing,
        memory_limit_bytes=None if limit is None else int(limit * 2**30),
        batch_size=settings.batch_size,
        accumulation=settings.accumulation,
        steps=settings.steps,
        seed=settings.seed,
        lora_r=settings.lora_r,
        targets=targets,
        optimizer=settings.optimizer,
        dora=settings.dora,
        dropout=settings.lora_dropout > 0,
        trained_share=trained_share,
        allowed=family.dtypes,
        unable=unable(settings, capability),
    )
