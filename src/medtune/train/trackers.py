"""Trackers that transformers knows (mlflow, wandb and others): off unless the recipe names them in `train.report_to`.

They get what metrics.jsonl gets: numbers, never rows. Any engine reports to them, since they hang on the curve.
"""

import importlib.util
from pathlib import Path
from typing import Any, Protocol

from medtune.core.errors import RecipeError
from medtune.runs.records.train import Metric

_OURS = "tensorboard"
"""Always written, without a tracker."""

_PACKAGES = {
    "clearml": "clearml",
    "codecarbon": "codecarbon",
    "comet_ml": "comet_ml",
    "dvclive": "dvclive",
    "mlflow": "mlflow",
    "neptune": "neptune",
    "swanlab": "swanlab",
    "trackio": "trackio",
    "wandb": "wandb",
}


class Sink(Protocol):
    """Gets every point of the curve."""

    def add(self, point: Metric) -> None:
        """A point."""

    def close(self) -> None:
        """The training is over."""


def open_trackers(names: tuple[str, ...], run_name: str, folder: Path, settings: dict[str, Any]) -> list[Sink]:
    """One sink for all trackers of the recipe; none for none.

    Raises RecipeError for a name that transformers does not know or whose package is missing.
    """
    wanted = [name for name in names if name != _OURS]
    if not wanted:
        return []
    from transformers.integrations import get_reporting_integration_callbacks

    callbacks: list[Any] = []
    for name in wanted:
        _require(name)
        try:
            callbacks += [kind() for kind in get_reporting_integration_callbacks([name])]
        except (ValueError, RuntimeError, ImportError) as error:
            raise RecipeError(
                f"train.report_to: {name} cannot be used",
                where=str(error).strip().splitlines()[0],
                next_step="see transformers' documentation of `report_to`, or leave the list empty",
            ) from error
    return [_Callbacks(callbacks, run_name, folder, settings)]


def _require(name: str) -> None:
    """Raise RecipeError when a tracker's package is missing."""
    package = _PACKAGES.get(name)
    if package is not None and importlib.util.find_spec(package) is None:
        raise RecipeError(
            f"train.report_to: {name} is not installed",
            next_step=f"pip install {package.replace('_', '-')}, or remove it from train.report_to",
        )


class _Callbacks:
    """Calls transformers' callbacks as its Trainer would."""

    def __init__(self, callbacks: list[Any], run_name: str, folder: Path, settings: dict[str, Any]) -> None:
        from transformers import TrainerControl, TrainerState, TrainingArguments

        self._callbacks = callbacks
        self._arguments = TrainingArguments(
            output_dir=str(folder), report_to="none", run_name=run_name, use_cpu=True, **_shown(settings)
        )
        self._state, self._control = TrainerState(), TrainerControl()
        self._call("on_train_begin", model=None)

    def add(self, point: Metric) -> None:
        """As a log line of the trainer: `loss`, `eval_loss` and the like."""
        prefix = "eval_" if point.kind == "validation" else ""
        values = point.model_dump(mode="json", exclude_none=True, exclude={"kind", "step"})
        logs = {key if key == "epoch" else f"{prefix}{key}": value for key, value in values.items()}
        self._state.global_step, self._state.epoch = point.step, point.epoch
        self._call("on_log", logs=logs, model=None)

    def close(self) -> None:
        """Let them flush and say goodbye."""
        self._call("on_train_end", model=None)

    def _call(self, event: str, **values: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, event)(self._arguments, self._state, self._control, **values)


def _shown(settings: dict[str, Any]) -> dict[str, Any]:
    """Hyperparameters under the Trainer's names, since trackers show its arguments."""
    return {
        "learning_rate": settings["learning_rate"],
        "per_device_train_batch_size": settings["batch_size"],
        "gradient_accumulation_steps": settings["accumulation"],
        "max_steps": settings["steps"],
        "weight_decay": settings["weight_decay"],
        "warmup_steps": settings["warmup_steps"],
        "seed": settings["seed"],
    }
