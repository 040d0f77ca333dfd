"""Engine `trl`: transformers' Trainer through TRL, on every device; the reference that other engines are held to."""

import importlib.util
from typing import Any

from medtune.train.capability import Capability, Dtype
from medtune.train.engines.protocol import Job
from medtune.train.planner.plan import TrainingPlan
from medtune.train.recorder import Recorder
from medtune.train.settings import Settings

NAME = "trl"
INSTALL = "pip install bitsandbytes"


def unable(settings: Settings, capability: Capability) -> str | None:
    """Runs wherever torch does; 8-bit optimizers want bitsandbytes."""
    if settings.optimizer != "adamw" and importlib.util.find_spec("bitsandbytes") is None:
        return f"the optimizer {settings.optimizer} needs bitsandbytes: {INSTALL}"
    del capability
    return None


def train(job: Job, recorder: Recorder) -> dict[str, Any]:
    """Load, adapt and train. Raises as `protocol.Engine` says."""
    from medtune.core.console import say
    from medtune.train.model import add_lora, load_base, pick_device, unfreeze

    device, plan = pick_device(), job.plan
    base = load_base(job.base.folder, job.base.name, device, dtype=_stored(plan), nf4=plan.method == "qlora")
    if plan.method == "full":
        model, coverage = unfreeze(base)
    else:
        model, coverage = add_lora(base, job.settings, job.base.name, job.base.family)
    say(f"  {coverage.sentence()}")
    facts = {
        "device": device.type,
        "trainable_parameters": coverage.trainable,
        "adapted_layers": coverage.adapted,
    }
    return facts if job.finished else {**facts, **run_trainer(job, recorder, model)}


def run_trainer(job: Job, recorder: Recorder, model: Any) -> dict[str, Any]:
    """Train a loaded and adapted model."""
    from medtune.train.engines.trl_callback import Conductor
    from medtune.train.engines.trl_trainer import RowTrainer
    from medtune.train.kernels.lora import use_merged_layers
    from medtune.train.model import pick_device

    device = pick_device()
    conductor = Conductor(recorder)
    trainer = RowTrainer(
        model=model,
        tokenizer=job.tokenizer.hf,
        rows=job.rows,
        validation=job.validation,
        settings=job.settings,
        plan=job.plan,
        checkpoints=job.checkpoints,
        device=device,
        conductor=conductor,
        recorder=recorder,
    )
    conductor.trainer = trainer
    if device.type == "cpu":
        use_merged_layers(trainer.model)
    trainer.train(resume_from_checkpoint=str(job.start.path) if job.start else None)
    return {"final_micro_batch": trainer.micro_batch}


def _stored(plan: TrainingPlan) -> Dtype:
    """Type of the weights in memory: trained ones are always float32, and computed with in the plan's type."""
    return "float32" if plan.method == "full" else plan.dtype
