"""When to measure, save and stop; and what is written down on the way."""

import math
from typing import Any

from transformers import TrainerCallback

from medtune.core.console import Progress
from medtune.runs.records.train import Metric
from medtune.train.curve import Curve, best_point, patience_is_over
from medtune.train.settings import Settings
from medtune.train.trainer import LoraTrainer


class Conductor(TrainerCallback):  # type: ignore[misc]
    """Called by the trainer after each step and each validation."""

    def __init__(self, settings: Settings, curve: Curve, bar: Progress, validates: bool) -> None:
        self.trainer: LoraTrainer | None = None
        """Set once the trainer exists."""
        self._settings, self._curve, self._bar, self._validates = settings, curve, bar, validates
        self._rate = 0.0

    def on_pre_optimizer_step(self, _args: Any, _state: Any, _control: Any, **kwargs: Any) -> None:
        """Remember the learning rate before the schedule moves on."""
        self._rate = float(kwargs["optimizer"].param_groups[0]["lr"])

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write the step's point; say whether to validate and to save."""
        assert self.trainer is not None
        loss, speed = self.trainer.meter.close_step()
        step, last = int(state.global_step), state.global_step >= state.max_steps
        self._curve.add(
            Metric(
                kind="train",
                step=step,
                epoch=round(float(state.epoch), 4),
                loss=loss,
                learning_rate=self._rate,
                tokens_per_s=round(speed, 1),
            )
        )
        self._bar.advance(1, loss=loss)
        control.should_evaluate = self._validates and (last or step % self._settings.eval_every == 0)
        control.should_save = last or step % self._settings.save_every == 0

    def on_evaluate(self, _args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write the validation point; a new best is saved, too much patience ends the run."""
        assert self.trainer is not None
        loss = float(kwargs["metrics"]["eval_loss"])
        step = int(state.global_step)
        self._curve.add(
            Metric(
                kind="validation",
                step=step,
                epoch=round(float(state.epoch), 4),
                loss=loss,
                perplexity=math.exp(min(loss, 700.0)),
            )
        )
        self._bar.advance(0, validation=loss)
        points = self._curve.validations()
        best = best_point(points)
        self.trainer.best_step = best.step if best else None
        stop = patience_is_over(points, self._settings.patience)
        control.should_save = control.should_save or self.trainer.best_step == step or stop
        control.should_training_stop = control.should_training_stop or stop
