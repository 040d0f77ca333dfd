"""One fine-tuning from rows to adapter, begun anew or continued from the newest whole checkpoint."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.chat import BaseInfo, ChatTokenizer, offline
from medtune.core.console import progress, say
from medtune.core.io import disk_errors, read_json, write_json
from medtune.runs.layout import ADAPTER, CHECKPOINTS, METRICS, TENSORBOARD
from medtune.train.batches import batch_order, padding_share
from medtune.train.checkpoints import Checkpoint, checkpoint_path, remove_all_but, steps_to_keep, whole_checkpoints
from medtune.train.curve import Curve, best_point, patience_is_over
from medtune.train.quiet import library_warnings
from medtune.train.rows import TrainRow, figures
from medtune.train.settings import Settings

_WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"


@dataclass(frozen=True)
class Outcome:
    """Facts for training.json, and what the libraries warned of."""

    facts: dict[str, Any]
    warnings: tuple[str, ...]


def fine_tune(
    *,
    base: BaseInfo,
    tokenizer: ChatTokenizer,
    rows: Sequence[TrainRow],
    validation: Sequence[TrainRow],
    settings: Settings,
    folder: Path,
) -> Outcome:
    """Train an adapter into `folder` (adapter/, checkpoints/, metrics.jsonl, tensorboard/).

    The final adapter is that of the lowest validation loss (of the last step without validation rows). Raises
    ModelError (base, target modules), MedtuneError (the loss is no number), ResourceError (disk full).
    """
    checkpoints = folder / CHECKPOINTS
    checkpoints.mkdir(exist_ok=True)
    start = _newest(checkpoints)
    curve = Curve(folder / METRICS, folder / TENSORBOARD, start.step if start else 0)
    try:
        with offline(), library_warnings() as warnings, disk_errors(checkpoints):
            facts = _train(
                base=base,
                tokenizer=tokenizer,
                rows=rows,
                validation=validation,
                settings=settings,
                checkpoints=checkpoints,
                curve=curve,
                start=start,
            )
    finally:
        curve.close()
    best = best_point(curve.validations())
    whole = whole_checkpoints(checkpoints)
    last = whole[-1]
    chosen = best.step if best else last.step
    remove_all_but(checkpoints, steps_to_keep([item.step for item in whole], chosen, settings.keep_checkpoints))
    _copy_adapter(checkpoint_path(checkpoints, chosen), folder / ADAPTER)
    facts |= {
        "steps": last.step,
        "planned_steps": settings.steps,
        "stopped_early": last.step < settings.steps,
        "epochs": round(curve.points[-1].epoch, 4),
        "best_step": chosen,
        "best_validation_loss": best.loss if best else None,
        "final_validation_loss": curve.last_loss("validation"),
        "final_train_loss": curve.last_loss("train"),
        "seconds": round(last.seconds, 3),
        "tokens_seen": last.tokens,
        "tokens_per_s": round(last.tokens / last.seconds, 1) if last.seconds else None,
    }
    return Outcome(facts, tuple(warnings))


def _train(
    *,
    base: BaseInfo,
    tokenizer: ChatTokenizer,
    rows: Sequence[TrainRow],
    validation: Sequence[TrainRow],
    settings: Settings,
    checkpoints: Path,
    curve: Curve,
    start: Checkpoint | None,
) -> dict[str, Any]:
    """Load, adapt and train up to the last step or until patience is over."""
    from medtune.train.conductor import Conductor
    from medtune.train.kernels.lora import use_merged_layers
    from medtune.train.model import add_lora, load_base, pick_device
    from medtune.train.trainer import LoraTrainer

    device = pick_device()
    model, coverage = add_lora(load_base(base.folder, base.name, device), settings, base.name)
    say(f"  {coverage.sentence()}")
    lengths = [len(row.input_ids) for row in rows]
    padding = padding_share(lengths, batch_order(lengths, settings.batch_size, settings.seed, 0), settings.batch_size)
    facts: dict[str, Any] = {
        "device": device.type,
        "trainable_parameters": coverage.trainable,
        "adapted_layers": coverage.adapted,
        "padding_share": round(padding, 4),
    }
    begun = start.step if start else 0
    if begun >= settings.steps or patience_is_over(curve.validations(), settings.patience):
        return facts
    if start:
        say(f"  goes on from the checkpoint of step {begun}")
    with progress(settings.steps - begun, "train") as bar:
        conductor = Conductor(settings, curve, bar, validates=bool(validation))
        trainer = LoraTrainer(
            model=model,
            tokenizer=tokenizer.hf,
            rows=rows,
            validation=validation,
            settings=settings,
            checkpoints=checkpoints,
            device=device,
            conductor=conductor,
        )
        conductor.trainer = trainer
        if device.type == "cpu":
            use_merged_layers(trainer.model)
        best = best_point(curve.validations())
        trainer.best_step = best.step if best else None
        if start:
            trainer.meter.total_tokens, trainer.meter.total_seconds = start.tokens, start.seconds
        trainer.train(resume_from_checkpoint=str(start.path) if start else None)
    return facts


def _newest(checkpoints: Path) -> Checkpoint | None:
    """The newest whole checkpoint; half-written ones are removed, so that they can be written again."""
    whole = whole_checkpoints(checkpoints)
    remove_all_but(checkpoints, {checkpoint.step for checkpoint in whole})
    return whole[-1] if whole else None


def _copy_adapter(source: Path, target: Path) -> None:
    """Weights as they are; of the configuration, PEFT's sets are sorted: one training, one digest."""
    target.mkdir(exist_ok=True)
    with disk_errors(target):
        shutil.copyfile(source / _WEIGHTS, target / _WEIGHTS)
    config = read_json(source / _CONFIG)
    for key in ("target_modules", "modules_to_save", "exclude_modules"):
        if isinstance(config.get(key), list):
            config[key] = sorted(config[key])
    write_json(target / _CONFIG, config)


def token_facts(rows: Sequence[TrainRow], validation: Sequence[TrainRow]) -> dict[str, Any]:
    """Tokens of the data, for training.json."""
    train, val = figures(rows), figures(validation)
    return {
        "rows": train.rows,
        "validation_rows": val.rows,
        "total_tokens": train.total,
        "trained_tokens": train.trained,
        "trained_share": round(train.share, 4),
    }
