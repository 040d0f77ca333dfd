"""`train:` the fine-tuning itself. Field names are those that users of other trainers know."""

from typing import Literal

from pydantic import Field

from medtune.config.base import Section


class TrainSection(Section):
    """LoRA fine-tuning."""

    method: Literal["lora"] = "lora"
    """How the base is changed."""
    lora_r: int = Field(default=16, ge=1)
    """Rank of the update."""
    lora_alpha: int = Field(default=32, ge=1)
    """Scale of the update: it is multiplied by lora_alpha / lora_r."""
    lora_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Dropout on the update's input (0 to 1)."""
    target_modules: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    """Names of the linear layers that are adapted; a name that matches nothing is an error."""
    learning_rate: float = Field(default=2e-4, gt=0.0)
    """Peak learning rate."""
    lr_scheduler: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup_ratio: float = Field(default=0.05, ge=0.0, lt=1.0)
    """Share of the steps in which the learning rate rises (0 to 1)."""
    weight_decay: float = Field(default=0.0, ge=0.0)
    """AdamW's weight decay."""
    max_grad_norm: float = Field(default=1.0, gt=0.0)
    """Gradients are clipped to this norm."""
    num_epochs: float = Field(default=1.0, gt=0.0)
    """Passes over the training rows; not used with `max_steps`."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps, instead of epochs."""
    batch_size: int = Field(default=8, ge=1)
    """Rows in one forward pass."""
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    """Forward passes in one optimiser step."""
    max_seq_length: int = Field(default=512, ge=64)
    """Longest row in tokens; longer rows are refused before the first step, with their ids."""
    eval_every_steps: int = Field(default=40, ge=1)
    """Validation loss is measured each so many steps."""
    save_every_steps: int = Field(default=40, ge=1)
    """A numbered checkpoint is written each so many steps."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """So many checkpoints are kept, the best one among them."""
    early_stopping_patience: int | None = Field(default=None, ge=1)
    """Stop after so many validations without a lower loss."""
