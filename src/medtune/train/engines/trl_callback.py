"""Between transformers' callbacks and the recorder."""

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from medtune.train.recorder import Recorder, StepFigures

if TYPE_CHECKING:
    from medtune.train.engines.trl_trainer import RowTrainer


class Conductor(TrainerCallback):  # type: ignore[misc]
    """Called by the trainer after each step and each validation."""

    def __init__(self, recorder: Recorder) -> None:
        self.trainer: RowTrainer | None = None
        """Set once the trainer exists."""
        self._recorder = recorder
        self._rate = 0.0

    def on_pre_optimizer_step(self, _args: Any, _state: Any, _control: Any, **kwargs: Any) -> None:
        """Remember the learning rate before the schedule moves on."""
        self._rate = float(kwargs["optimizer"].param_groups[0]["lr"])

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """Hand the step's figures over; do what the recorder says."""
        assert self.trainer is not None
        loss, tokens, seconds = self.trainer.meter.close_step()
        said = self._recorder.step(
            StepFigures(
                step=int(state.global_step),
                epoch=float(state.epoch),
                loss=loss,
                learning_rate=self._rate,
                tokens=tokens,
                seconds=seconds,
                peak_memory_bytes=self.trainer.peak_memory_bytes(),
            )
        )
        control.should_evaluate, control.should_save = said.validate, said.save

    def on_evaluate(self, _args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Hand the validation loss over."""
        said = self._recorder.validated(
            int(state.global_step), float(state.epoch), float(kwargs["metrics"]["eval_loss"])
        )
        control.should_save = control.should_save or said.save
        control.should_training_stop = control.should_training_stop or said.stop
