"""Engine `fast`: LoRA on a frozen base (bf16, FP8 or NF4), rows packed without padding, layers compiled."""

import math
from typing import Any

from medtune.train.capability import Capability
from medtune.train.engines.protocol import Job
from medtune.train.recorder import Recorder
from medtune.train.settings import Settings

NAME = "fast"


def unable(settings: Settings, capability: Capability) -> str | None:
    """Why it cannot run these settings on this card, or None."""
    if settings.dora:
        return "the fast engine has no DoRA"
    if capability.card.device not in ("cuda", "cpu"):
        return f"the fast engine does not run on {capability.card.device}"
    if capability.card.device == "cuda" and (not capability.varlen or capability.dtype != "bfloat16"):
        return "the fast engine needs bfloat16 and attention of variable length (Ampere or newer)"
    return None


def train(job: Job, recorder: Recorder) -> dict[str, Any]:
    """Load, adapt and train. Raises as `protocol.Engine` says."""
    import torch
    from transformers import get_scheduler

    from medtune.core.console import say
    from medtune.train.fast import prepare_base
    from medtune.train.fast.trainer import FastTrainer

    settings = job.settings
    name, arguments = settings.schedule()
    torch.manual_seed(settings.seed)
    base = prepare_base.prepare_base(job)
    counts = ", ".join(f"{name} {count}" for name, count in base.built.counts.items())
    say(f"  LoRA on {len(base.built.layers)} linear layers ({counts}), base in {base.storage}")
    facts: dict[str, Any] = {
        "device": base.device.type,
        "trainable_parameters": sum(value.numel() for value in base.built.parameters),
        "adapted_layers": base.built.counts,
        **base.facts,
    }
    if job.finished:
        return facts
    trainer = FastTrainer(
        job,
        base.model,
        base.built,
        device=base.device,
        linear_names=base.linear_names,
        compiled=job.capability.compiled,
        optimizer=lambda parameters: prepare_base.make_optimizer(parameters, settings, base.device),
        schedule=lambda optimizer: get_scheduler(
            name,
            optimizer,
            num_warmup_steps=settings.warmup_steps,
            num_training_steps=settings.steps,
            scheduler_specific_kwargs=arguments,
        ),
    )
    trainer.run(recorder)
    return {
        **facts,
        "final_micro_tokens": trainer.room.tokens,
        "final_checkpointing": trainer.room.checkpointing,
        "loss_in_pieces": trainer.loss.in_pieces,
    }


def scale_of(settings: Settings) -> float:
    """What the update is multiplied by: alpha / r, or alpha / sqrt(r) with rsLoRA (Kalajdzievski 2023)."""
    rank = math.sqrt(settings.lora_r) if settings.rslora else settings.lora_r
    return settings.lora_alpha / rank
