"""One fine-tuning from rows to adapter, begun anew or continued from the newest whole checkpoint."""

import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medtune.chat import BaseInfo, ChatTokenizer, offline
from medtune.chat.adapter_names import name_for_whole_model
from medtune.chat.language_model import is_multimodal
from medtune.chat.targets import check_dtype
from medtune.core.console import progress, say
from medtune.core.errors import ModelError
from medtune.core.hashing import digest_json
from medtune.core.io import disk_errors, read_json, write_json
from medtune.runs.layout import ADAPTER, CHECKPOINTS, METRICS, TENSORBOARD
from medtune.train.batches import batch_order, padding_share
from medtune.train.capability import Capability
from medtune.train.checkpoints import Checkpoint, checkpoint_path, remove_all_but, steps_to_keep, whole_checkpoints
from medtune.train.curve import Curve, best_point, patience_is_over
from medtune.train.engines import engine
from medtune.train.engines.protocol import Job
from medtune.train.planner.plan import TrainingPlan
from medtune.train.quiet import library_warnings
from medtune.train.recorder import Recorder
from medtune.train.rows import TrainRow, figures
from medtune.train.settings import Settings
from medtune.train.trackers import open_trackers

_WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"
_WHOLE = ("config.json", "generation_config.json", "model*.safetensors", "model.safetensors.index.json")


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
    plan: TrainingPlan,
    capability: Capability,
    folder: Path,
    report_to: tuple[str, ...] = (),
    run_name: str = "medtune",
    limit_tokens_per_s: float | None = None,
) -> Outcome:
    """Train an adapter into `folder` (adapter/, checkpoints/, metrics.jsonl, tensorboard/).

    The final adapter is that of the lowest validation loss (of the last step without validation rows). Raises
    ModelError (base, target modules, a type that the family overflows in), MedtuneError (the loss is no number),
    ResourceError (disk full), RecipeError (an unknown tracker). `limit_tokens_per_s`: what the card's arithmetic would
    allow.
    """
    check_dtype(base.family, plan.dtype)
    checkpoints = folder / CHECKPOINTS
    checkpoints.mkdir(exist_ok=True)
    mark = fingerprint(base, rows, settings, plan)
    start = _newest(checkpoints, mark)
    sinks = open_trackers(report_to, run_name, folder / TENSORBOARD, asdict(settings))
    curve = Curve(folder / METRICS, folder / TENSORBOARD, start.step if start else 0, sinks)
    try:
        with offline(), library_warnings() as warnings, disk_errors(checkpoints):
            facts = _train(
                base=base,
                tokenizer=tokenizer,
                rows=rows,
                validation=validation,
                settings=settings,
                plan=plan,
                capability=capability,
                checkpoints=checkpoints,
                curve=curve,
                mark=mark,
                limit=limit_tokens_per_s,
                start=start,
            )
    finally:
        curve.close()
    best = best_point(curve.validations())
    whole = whole_checkpoints(checkpoints)
    last = whole[-1]
    chosen = best.step if best else last.step
    remove_all_but(checkpoints, steps_to_keep([item.step for item in whole], chosen, settings.keep_checkpoints))
    _copy_result(checkpoint_path(checkpoints, chosen), folder / ADAPTER)
    if is_multimodal(base.folder) and (folder / ADAPTER / _CONFIG).is_file():
        name_for_whole_model(folder / ADAPTER)
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
    plan: TrainingPlan,
    capability: Capability,
    checkpoints: Path,
    curve: Curve,
    mark: str,
    limit: float | None,
    start: Checkpoint | None,
) -> dict[str, Any]:
    """Let the plan's engine train up to the last step or until patience is over."""
    lengths = [len(row.input_ids) for row in rows]
    padding = padding_share(lengths, batch_order(lengths, settings.batch_size, settings.seed, 0), settings.batch_size)
    begun = start.step if start else 0
    finished = begun >= settings.steps or patience_is_over(curve.validations(), settings.patience)
    job = Job(
        base=base,
        tokenizer=tokenizer,
        rows=rows,
        validation=validation,
        settings=settings,
        plan=plan,
        capability=capability,
        checkpoints=checkpoints,
        start=start,
        finished=finished,
    )
    if start and not finished:
        say(f"  goes on from the checkpoint of step {begun}")
    with contextlib.nullcontext(_NoBar()) if finished else progress(settings.steps - begun, "train") as bar:
        recorder = Recorder(
            settings=settings,
            curve=curve,
            bar=bar,
            checkpoints=checkpoints,
            fingerprint=mark,
            validates=bool(validation),
            start=start,
            limit=limit,
        )
        facts = engine(plan.engine).train(job, recorder)
    return {**facts, "padding_share": round(padding, 4), "peak_memory_bytes": recorder.peak_memory_bytes}


def fingerprint(base: BaseInfo, rows: Sequence[TrainRow], settings: Settings, plan: TrainingPlan) -> str:
    """What a checkpoint belongs to: base, rows, settings, and what of the plan changes weights or their layout."""
    return digest_json(
        {
            "base": base.digest,
            "rows": [[row.id, len(row.input_ids), sum(row.trained)] for row in rows],
            "settings": asdict(settings),
            "plan": [plan.engine, plan.method, plan.dtype],
        }
    )


class _NoBar:
    def advance(self, n: int = 1, **shown: str | float) -> None:
        """Nothing is left to do."""


def _newest(checkpoints: Path, mark: str) -> Checkpoint | None:
    """The newest whole checkpoint; half-written ones are removed, so that they can be written again.

    Raises ModelError when it belongs to another recipe, base or data.
    """
    whole = whole_checkpoints(checkpoints)
    foreign = [checkpoint for checkpoint in whole if checkpoint.fingerprint != mark]
    if foreign:
        raise ModelError(
            f"the checkpoint of step {foreign[-1].step} was made by another recipe, from other rows or another base",
            where=str(foreign[-1].path),
            next_step="remove the folder of checkpoints to begin anew, or restore the recipe that made it",
        )
    remove_all_but(checkpoints, {checkpoint.step for checkpoint in whole})
    return whole[-1] if whole else None


def _copy_result(source: Path, target: Path) -> None:
    """What was trained: an adapter or, after full fine-tuning, all weights.

    Weights as they are; of PEFT's configuration, sets are sorted: one training, one digest.
    """
    target.mkdir(exist_ok=True)
    whole = not (source / _CONFIG).is_file()
    with disk_errors(target):
        for pattern in _WHOLE if whole else (_WEIGHTS,):
            for path in sorted(source.glob(pattern)):
                shutil.copyfile(path, target / path.name)
    if whole:
        return
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
