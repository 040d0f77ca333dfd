"""Engine `trl`: transformers' Trainer through TRL, on every device; the reference that other engines are held to."""

from typing import Any

from medtune.train.capability import Capability
from medtune.train.engines.protocol import Job
from medtune.train.recorder import Recorder
from medtune.train.settings import Settings

NAME = "trl"


def unable(settings: Settings, capability: Capability) -> str | None:
    """Nothing so far: it runs wherever torch does."""
    del settings, capability
    return None


def train(job: Job, recorder: Recorder) -> dict[str, Any]:
    """Load, adapt and train. Raises as `protocol.Engine` says."""
    from medtune.core.console import say
    from medtune.train.engines.trl_callback import Conductor
    from medtune.train.engines.trl_trainer import RowTrainer
    from medtune.train.kernels.lora import use_merged_layers
    from medtune.train.model import add_lora, load_base, pick_device

    device = pick_device()
    model, coverage = add_lora(load_base(job.base.folder, job.base.name, device), job.settings, job.base.name)
    say(f"  {coverage.sentence()}")
    facts = {
        "device": device.type,
        "trainable_parameters": coverage.trainable,
        "adapted_layers": coverage.adapted,
    }
    if job.finished:
        return facts
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
    return {**facts, "final_micro_batch": trainer.micro_batch}
