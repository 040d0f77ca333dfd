"""`train:` the fine-tuning itself. Field names are those that users of other trainers know."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from medtune.config.base import Section
from medtune.config.presets import PRESETS

PresetName = Literal[
    "clinical-notes", "emergency-assistant", "small-model", "fast", "production", "collected-sources", "terminology"
]

TRACKER_HOSTS = {
    "wandb": "api.wandb.ai",
    "comet_ml": "www.comet.com",
    "neptune": "app.neptune.ai",
    "swanlab": "api.swanlab.cn",
    "clearml": "api.clear.ml",
}
"""Where trackers send to unless they are set up otherwise; those of no entry write to this machine."""


class TrainSection(Section):
    """Fine-tuning: LoRA in several kinds, or all weights."""

    preset: PresetName | None = None
    """Hyperparameters of a published system (config/presets.py names its source); keys of the recipe win over them."""
    method: Literal["auto", "lora", "qlora", "fp8", "full"] = "auto"
    """`lora` on a 16- or 32-bit base, `qlora` on a 4-bit one (NF4), `fp8` on an FP8 one, `full`: all weights are
    trained; `auto`: the fastest of the first three that fits the card."""
    engine: Literal["auto", "fast", "trl", "unsloth"] = "auto"
    """What trains: medtune's own on newer NVIDIA cards, TRL everywhere, Unsloth if it is installed."""
    lora_r: int = Field(default=16, ge=1)
    """Rank of the update."""
    lora_alpha: int = Field(default=32, ge=1)
    """Scale of the update: it is multiplied by lora_alpha / lora_r."""
    lora_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Dropout on the update's input (0 to 1)."""
    use_rslora: bool = False
    """Scale the update by lora_alpha / sqrt(lora_r): steadier at high ranks."""
    use_dora: bool = False
    """Train direction and size of each weight row apart (DoRA): slower, sometimes better at low ranks."""
    target_modules: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    """Names of the linear layers that are adapted; a name that matches nothing is an error."""
    neftune_noise_alpha: float | None = Field(default=None, gt=0.0)
    """Noise on the embeddings while training (NEFTune); 5 is usual."""
    learning_rate: float = Field(default=2e-4, gt=0.0)
    """Peak learning rate."""
    lr_scheduler: Literal[
        "cosine", "linear", "constant", "cosine_with_restarts", "cosine_with_min_lr", "polynomial", "inverse_sqrt"
    ] = "cosine"
    """How the learning rate falls after the warm-up."""
    lr_cycles: int = Field(default=1, ge=1)
    """Falls of `cosine_with_restarts`."""
    min_lr_ratio: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Where `cosine_with_min_lr` ends, as a share of the peak (0 to 1)."""
    warmup_ratio: float = Field(default=0.05, ge=0.0, lt=1.0)
    """Share of the steps in which the learning rate rises (0 to 1)."""
    warmup_steps: int | None = Field(default=None, ge=0)
    """Steps of the warm-up, instead of a share."""
    optimizer: Literal["adamw", "adamw_8bit", "paged_adamw", "paged_adamw_8bit"] = "adamw"
    """AdamW; 8 bits: its state in a quarter of the memory; paged: the state may move to the machine's memory. Both need
    bitsandbytes and an NVIDIA card."""
    weight_decay: float = Field(default=0.0, ge=0.0)
    """AdamW's weight decay."""
    max_grad_norm: float = Field(default=1.0, gt=0.0)
    """Gradients are clipped to this norm."""
    num_epochs: float = Field(default=1.0, gt=0.0)
    """Passes over the training rows; not used with `max_steps`."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps, instead of epochs."""
    batch_size: int = Field(default=8, ge=1)
    """Rows of a batch. How many of them go into one forward pass is planned by memory and changes no result."""
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    """Batches in one optimiser step; the loss is a mean over all their trained tokens."""
    max_seq_length: int = Field(default=512, ge=64)
    """Longest row in tokens; longer rows are refused before the first step, with their ids."""
    packing: Literal["auto"] | bool = "auto"
    """Rows of a pass stand one after another without padding, each attending to itself alone; `auto`: where the engine
    can. It changes no result."""
    checkpointing: Literal["auto", "none", "selective", "full"] = "auto"
    """What is computed again in the backward pass to save memory: nothing, every second layer, or everything."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Type for computing; `auto`: the best that the card has. A type that it cannot do is an error."""
    memory_limit_gib: float | None = Field(default=None, gt=0.0)
    """The training takes no more of the card's memory than this."""
    eval_every_steps: int = Field(default=40, ge=1)
    """Validation loss is measured each so many steps."""
    save_every_steps: int = Field(default=40, ge=1)
    """A numbered checkpoint is written each so many steps."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """So many checkpoints are kept, the best one among them."""
    early_stopping_patience: int | None = Field(default=None, ge=1)
    """Stop after so many validations without a lower loss."""
    report_to: tuple[str, ...] = ()
    """Trackers that transformers knows, e.g. mlflow or wandb, beside the TensorBoard files that are always written.
    Those that send to a host need it in `egress`."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("preset") not in PRESETS:
            return values
        found = dict(PRESETS[values["preset"]].train)
        if "num_epochs" in values:
            found.pop("max_steps", None)
        return {**found, **values}

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.method == "full":
            wrong = [name for name in ("use_rslora", "use_dora") if getattr(self, name)]
            if wrong:
                raise ValueError(f"{wrong[0]} belongs to LoRA, and method `full` trains all weights")
        return self
