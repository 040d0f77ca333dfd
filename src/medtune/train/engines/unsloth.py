"""Engine `unsloth`: Unsloth's patched model in the trainer of engine `trl`. Only if it is installed."""

import importlib
import importlib.util
from typing import Any

from medtune.core.errors import ModelError
from medtune.train.capability import Capability
from medtune.train.engines.protocol import Job
from medtune.train.recorder import Recorder
from medtune.train.settings import Settings

NAME = "unsloth"
INSTALL = "pip install unsloth (into medtune's environment), or set train.engine to auto"


def unable(settings: Settings, capability: Capability) -> str | None:
    """Why it cannot run these settings here, or None."""
    del settings
    if importlib.util.find_spec("unsloth") is None:
        return f"Unsloth is not installed: {INSTALL}"
    if capability.card.device != "cuda":
        return "Unsloth needs a CUDA device"
    return None


def train(job: Job, recorder: Recorder) -> dict[str, Any]:
    """Load with Unsloth, train with the same batches, loss and checkpoints as engine `trl`.

    Raises ModelError when Unsloth is missing or cannot load the base; else as `protocol.Engine` says.
    """
    from medtune.core.console import say
    from medtune.train.engines.trl import run_trainer

    model = _load(job)
    trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    say(f"  Unsloth: {trainable} trainable weights, {job.plan.method}")
    facts = {"device": "cuda", "trainable_parameters": trainable, "adapted_layers": _adapted(model)}
    return facts if job.finished else {**facts, **run_trainer(job, recorder, model)}


def _load(job: Job) -> Any:
    try:
        FastLanguageModel = importlib.import_module("unsloth").FastLanguageModel  # noqa: N806
    except ImportError as error:
        raise ModelError("train.engine is unsloth, but Unsloth cannot be imported", next_step=INSTALL) from error
    import torch

    settings = job.settings
    try:
        model, _ = FastLanguageModel.from_pretrained(
            model_name=str(job.base.folder),
            max_seq_length=settings.max_seq_length,
            dtype=getattr(torch, job.plan.dtype),
            load_in_4bit=job.plan.method == "qlora",
            local_files_only=True,
            trust_remote_code=False,
        )
        tuned = FastLanguageModel.get_peft_model(
            model,
            r=settings.lora_r,
            lora_alpha=settings.lora_alpha,
            lora_dropout=settings.lora_dropout,
            target_modules=_targets(model, job),
            use_rslora=settings.rslora,
            bias="none",
            random_state=settings.seed,
            use_gradient_checkpointing="unsloth" if job.plan.checkpointing == "full" else False,
        )
    except (OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise ModelError(
            f"Unsloth cannot load this base: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            where=job.base.name,
            next_step="set train.engine to auto: medtune's own engine and TRL load more architectures",
        ) from error
    # The name travels into adapter_config.json: no path of this machine.
    for part in tuned.peft_config.values():
        part.base_model_name_or_path = job.base.name
    return tuned


def _adapted(model: Any) -> dict[str, int]:
    from medtune.train.model import coverage_of

    return coverage_of(model).adapted


def _targets(model: Any, job: Job) -> list[str]:
    """Last parts of the names of the layers to adapt. Unsloth's own default names miss fused layers (Phi-4-mini)."""
    from medtune.train.model import chosen_layers

    return sorted({name.rpartition(".")[2] for name in chosen_layers(model, job.settings, job.base.family)})
