"""What every training engine gets, and what it must leave behind. The module of an engine itself satisfies `Engine`.

The rules that make engines exchangeable:

- **Rows of a step.** Optimiser step k of an epoch trains rows `order[k * n : (k + 1) * n]`, n = `settings.step_rows`,
  order = `batches.batch_order(lengths, settings.batch_size, settings.seed, epoch)`; the last step of an epoch may be
  smaller. How an engine cuts them into passes (`plan.micro_batch`, `plan.micro_tokens`, packed or padded) is its own
  affair and changes no result: the loss of a step is the mean over all its trained tokens.
- **Figures.** After each optimiser step the engine calls `recorder.step`, after each validation `recorder.validated`,
  and does what they say: validate, save, stop.
- **Checkpoints** are written through `recorder.save`, which prunes old ones and marks whole ones. A checkpoint holds
  the trained weights in their final layout (PEFT's `adapter_model.safetensors` + `adapter_config.json` or, for full
  fine-tuning, `model.safetensors` shards + `config.json`) and whatever the engine needs to go on from it exactly.
- **Resuming.** With `job.start` the engine continues after that checkpoint's step, with the rows, schedule, optimiser
  state and random numbers that an uninterrupted run would have had there.
- **Memory.** Out of memory, it halves the rows of a pass (`memory.smaller`) and does the step again as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from medtune.chat import BaseInfo, ChatTokenizer
from medtune.train.capability import Capability
from medtune.train.checkpoints import Checkpoint
from medtune.train.planner.plan import TrainingPlan
from medtune.train.recorder import Recorder
from medtune.train.rows import TrainRow
from medtune.train.settings import Settings


@dataclass(frozen=True)
class Job:
    """One training, with nothing left to decide."""

    base: BaseInfo
    tokenizer: ChatTokenizer
    rows: Sequence[TrainRow]
    validation: Sequence[TrainRow]
    settings: Settings
    plan: TrainingPlan
    capability: Capability
    checkpoints: Path
    """Folder of the numbered checkpoints; only `Recorder.save` writes in it."""
    start: Checkpoint | None
    """The whole checkpoint to go on from."""
    finished: bool = False
    """True when that checkpoint is the last one already: only the facts are wanted."""


class Engine(Protocol):
    """One file in `engines/`, imported only when it is used; importing it must not import torch."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a constant of the module)
        """As in the recipe's `train.engine`."""

    def unable(self, settings: Settings, capability: Capability) -> str | None:
        """Why it cannot run these settings on this card, or None. Cheap: asked by the planner for every choice."""

    def train(self, job: Job, recorder: Recorder) -> dict[str, Any]:
        """Train from `job.start` to the last step, or until the recorder says stop; returns facts for training.json.

        Raises ModelError, ResourceError (memory), MedtuneError (the loss is no number).
        """
