"""What every engine reports to: writes the curve, keeps checkpoints, says when to validate, save and stop."""

import contextlib
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from medtune.core.console import Progress
from medtune.core.errors import ResourceError
from medtune.runs.records.train import Metric
from medtune.train.checkpoints import (
    Checkpoint,
    checkpoint_path,
    remove_all_but,
    seal,
    steps_to_keep,
    whole_checkpoints,
)
from medtune.train.curve import Curve, best_point, patience_is_over
from medtune.train.settings import Settings

_FULL_DISK_BYTES = 1 << 20


@dataclass(frozen=True)
class StepFigures:
    """One optimiser step."""

    step: int
    """Counted from 1."""
    epoch: float
    """Passes over the rows so far."""
    loss: float
    """Mean over the trained tokens of the step, in nats."""
    learning_rate: float
    """That the step was made with."""
    tokens: int
    """Tokens of the step's rows, without padding."""
    seconds: float
    """Of forward and backward passes (and what cannot be told apart from them)."""
    peak_memory_bytes: int | None = None
    """Most memory taken on the card so far."""


@dataclass(frozen=True)
class Next:
    """What the engine does next, in this order."""

    validate: bool = False
    save: bool = False
    stop: bool = False


class Recorder:
    """Curve, checkpoints and the decisions that follow from them."""

    def __init__(
        self,
        *,
        settings: Settings,
        curve: Curve,
        bar: Progress,
        checkpoints: Path,
        fingerprint: str,
        validates: bool,
        start: Checkpoint | None,
        limit: float | None = None,
    ) -> None:
        """`limit`: tokens per second that the card's arithmetic would allow, if known."""
        self._settings, self._curve, self._bar, self._folder = settings, curve, bar, checkpoints
        self._fingerprint, self._validates, self._limit = fingerprint, validates, limit
        self.tokens, self.seconds = (start.tokens, start.seconds) if start else (0, 0.0)
        self.peak_memory_bytes: int | None = None

    def step(self, figures: StepFigures) -> Next:
        """Write the step's point; then validate and save as told (a validation may ask for more)."""
        self.tokens += figures.tokens
        self.seconds += figures.seconds
        self.peak_memory_bytes = figures.peak_memory_bytes
        speed = figures.tokens / max(figures.seconds, 1e-9)
        self._curve.add(
            Metric(
                kind="train",
                step=figures.step,
                epoch=round(figures.epoch, 4),
                loss=figures.loss,
                learning_rate=figures.learning_rate,
                tokens_per_s=round(speed, 1),
                limit_share=None if self._limit is None else round(speed / self._limit, 4),
                memory_bytes=figures.peak_memory_bytes,
            )
        )
        self._bar.advance(1, loss=figures.loss)
        last = figures.step >= self._settings.steps
        return Next(
            validate=self._validates and (last or figures.step % self._settings.eval_every == 0),
            save=last or figures.step % self._settings.save_every == 0,
            stop=last,
        )

    def validated(self, step: int, epoch: float, loss: float) -> Next:
        """Write the validation point; a new best is saved, too much patience ends the run."""
        point = Metric(
            kind="validation",
            step=step,
            epoch=round(epoch, 4),
            loss=loss,
            perplexity=math.exp(min(loss, 700.0)),
        )
        self._curve.add(point)
        self._bar.advance(0, validation=loss)
        stop = patience_is_over(self._curve.validations(), self._settings.patience)
        return Next(save=self.best_step == step or stop, stop=stop)

    @property
    def best_step(self) -> int | None:
        """The step of the lowest validation loss so far."""
        best = best_point(self._curve.validations())
        return best.step if best else None

    def save(self, step: int, write: Callable[[Path], None]) -> None:
        """Let the engine write checkpoint `step` into the folder given to it, mark it as whole, prune the others.

        Raises ResourceError when the disk is full.
        """
        path = checkpoint_path(self._folder, step)
        if not path.exists():
            with _full_disk(self._folder):
                write(path)
            seal(self._folder, step, self.tokens, self.seconds, self._fingerprint)
        # While training, the newest is kept beside the best: a killed run goes on from there.
        steps = [checkpoint.step for checkpoint in whole_checkpoints(self._folder)]
        remove_all_but(self._folder, steps_to_keep(steps, self.best_step, self._settings.keep_checkpoints) | {step})


@contextlib.contextmanager
def _full_disk(folder: Path) -> Iterator[None]:
    """torch and safetensors report a full disk as errors of their own; look at the disk when one is raised."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) or shutil.disk_usage(folder).free > _FULL_DISK_BYTES:
            raise
        raise ResourceError(
            "the disk is full: a checkpoint could not be written",
            where=str(folder),
            next_step="free some space and run the same command again; it goes on from the last whole checkpoint",
        ) from error
