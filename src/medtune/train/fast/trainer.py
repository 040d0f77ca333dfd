"""The loop: passes of a step, their gradients, the update; memory that runs out; checkpoints that resume exactly."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from medtune.core.console import say
from medtune.train.broken import broken_loss
from medtune.train.engines.protocol import Job
from medtune.train.fast.adapter import read_adapter, write_adapter
from medtune.train.fast.build import Built
from medtune.train.fast.layers import decoder_layers, prepare
from medtune.train.fast.loss import PassLoss
from medtune.train.fast.noise import EmbeddingNoise
from medtune.train.fast.passes import BLOCK_TOKENS, PassMaker
from medtune.train.fast.schedule import Schedule, cut
from medtune.train.memory import does_not_fit
from medtune.train.planner.plan import Checkpointing
from medtune.train.recorder import Next, Recorder, StepFigures

STATE = "training_state.pt"


@dataclass
class Room:
    """How much is done at once; shrinks when memory runs out."""

    tokens: int
    """Of a pass."""
    checkpointing: Checkpointing


class FastTrainer:
    """One training of a built model on one device."""

    def __init__(
        self,
        job: Job,
        model: Any,
        built: Built,
        *,
        device: torch.device,
        linear_names: Sequence[str],
        compiled: bool,
        optimizer: Callable[[Sequence[Tensor]], Any],
        schedule: Callable[[Any], Any],
    ) -> None:
        self.job, self.model, self.built, self.device = job, model, built, device
        self.linear_names, self.compiled = tuple(linear_names), compiled
        self.parameters = built.parameters
        self.optimizer = optimizer(self.parameters)
        self.schedule = schedule(self.optimizer)
        self.loss = PassLoss(model)
        settings = job.settings
        self.lengths = [len(row.input_ids) for row in job.rows]
        self.validation_lengths = [len(row.input_ids) for row in job.validation]
        self.longest = max([*self.lengths, *self.validation_lengths])
        block = BLOCK_TOKENS if device.type == "cuda" else 1
        pinned = device.type == "cuda"
        self.passes = PassMaker(job.rows, longest=self.longest, block=block, pinned=pinned)
        self.validation = PassMaker(job.validation, longest=self.longest, block=block, pinned=pinned)
        self.order = Schedule(
            self.lengths, batch_size=settings.batch_size, step_rows=settings.step_rows, seed=settings.seed
        )
        self.room = Room(max(job.plan.micro_tokens, self.longest), job.plan.checkpointing)
        self.layers = decoder_layers(model)
        model.train()
        self.loss.probe(self.passes.make([0]).to(device))
        self.noise = EmbeddingNoise(settings.neftune_alpha)
        model.get_input_embeddings().register_forward_hook(self.noise.hook)
        self._prepare(self.room.checkpointing)

    def _prepare(self, checkpointing: Checkpointing) -> None:
        random = self.job.settings.lora_dropout > 0
        prepare(self.layers, compiled=self.compiled, checkpointing=checkpointing, random=random)

    def run(self, recorder: Recorder) -> None:
        """Train from the start's step until the recorder says stop."""
        begun = self.resume(self.job.start.path) if self.job.start else 0
        for step in range(begun, self.job.settings.steps):
            figures = self.step(step)
            told = recorder.step(figures)
            if told.validate:
                more = recorder.validated(step + 1, figures.epoch, self.validate())
                told = Next(save=told.save or more.save, stop=told.stop or more.stop)
            if told.save:
                recorder.save(step + 1, self.write)
            if told.stop:
                break

    def step(self, step: int) -> StepFigures:
        """One optimiser step, counted from 0."""
        began = time.monotonic()
        rows = self.order.rows(step)
        loss = self._whole(lambda: self._gradients(rows, step), step, rows, self.lengths)
        rate = float(self.optimizer.param_groups[0]["lr"])
        torch.nn.utils.clip_grad_norm_(self.parameters, self.job.settings.max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)
        return StepFigures(
            step=step + 1,
            epoch=self.order.epoch(step + 1),
            loss=loss,
            learning_rate=rate,
            tokens=sum(self.lengths[row] for row in rows),
            seconds=time.monotonic() - began,
            peak_memory_bytes=torch.cuda.max_memory_allocated() if self.device.type == "cuda" else None,
        )

    def _gradients(self, rows: Sequence[int], step: int) -> float:
        """Gradients of the step's mean loss over all its trained tokens; returns that loss."""
        passes = [self.passes.make(chosen) for chosen in self._cut(rows, self.lengths)]
        trained = max(1, sum(one.trained for one in passes))
        total = torch.zeros((), device=self.device)
        for one in passes:
            if one.trained:
                there = one.to(self.device)
                self.noise.rows_are(there.bounds, there.ids.shape[1])
                loss = self.loss(there)
                (loss / trained).backward()  # type: ignore[no-untyped-call]
                total += loss.detach()
        mean = float(total) / trained
        if not -float("inf") < mean < float("inf"):
            raise broken_loss(self.job.settings, step + 1, [self.job.rows[row].id for row in rows], self.parameters)
        return mean

    def validate(self) -> float:
        """Mean loss over all trained tokens of the validation rows, in nats."""
        rows = range(len(self.job.validation))
        self.model.eval()
        try:
            return self._whole(lambda: self._validation_loss(rows), 0, rows, self.validation_lengths)
        finally:
            self.model.train()

    def _validation_loss(self, rows: Sequence[int]) -> float:
        total, trained = torch.zeros((), dtype=torch.float64, device=self.device), 0
        with torch.no_grad():
            for chosen in self._cut(rows, self.validation_lengths):
                one = self.validation.make(chosen)
                if one.trained:
                    total += self.loss(one.to(self.device))
                    trained += one.trained
        mean = float(total) / max(trained, 1)
        if not mean < float("inf"):
            raise broken_loss(self.job.settings, self.job.settings.steps, ["validation rows"], self.parameters)
        return mean

    def _cut(self, rows: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
        """Passes of what there is room for; a row that is longer is tried all the same."""
        return cut(rows, lengths, max(self.room.tokens, *(lengths[row] for row in rows)))

    def _whole(self, work: Callable[[], float], step: int, rows: Sequence[int], lengths: Sequence[int]) -> float:
        """Do it, and when memory runs out do it again as a whole with less at once."""
        while True:
            try:
                return work()
            except torch.OutOfMemoryError:
                pass  # left first: the exception holds the tensors of its frames
            self.optimizer.zero_grad(set_to_none=True)
            gc.collect()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            if not self.retreat(max(lengths[row] for row in rows)):
                raise does_not_fit(self.job.plan, step + 1, max(lengths[row] for row in rows))
            say(
                f"  out of memory in step {step + 1}: it is done again with {self.room.tokens} tokens a pass, "
                f"checkpointing {self.room.checkpointing}"
            )

    def retreat(self, longest: int) -> bool:
        """Halve a pass, down to the longest row; after that recompute all layers. False: nothing is left to give."""
        if self.room.tokens > longest:
            self.room.tokens = max(longest, self.room.tokens // 2)
        elif self.room.checkpointing != "full":
            self.room.checkpointing = "full"
            self._prepare("full")
        else:
            return False
        return True

    def write(self, folder: Path) -> None:
        """A checkpoint: the adapter in its final layout, and all that the next step depends on."""
        settings = self.job.settings
        write_adapter(
            folder,
            self.built.layers,
            self.linear_names,
            base=self.job.base.name,
            rank=settings.lora_r,
            alpha=settings.lora_alpha,
            rslora=settings.rslora,
            dropout=settings.lora_dropout,
        )
        state = {
            "optimizer": self.optimizer.state_dict(),
            "schedule": {key: value for key, value in self.schedule.state_dict().items() if key != "lr_lambdas"},
            "rng": torch.get_rng_state(),
            "rng_card": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
            "room": [self.room.tokens, self.room.checkpointing],
        }
        torch.save(state, folder / STATE)

    def resume(self, folder: Path) -> int:
        """Take up a checkpoint; returns the number of finished steps."""
        read_adapter(folder, self.built.layers)
        state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict({**state["schedule"], "lr_lambdas": [None] * len(self.schedule.lr_lambdas)})
        torch.set_rng_state(state["rng"])
        if self.device.type == "cuda" and state.get("rng_card") is not None:
            torch.cuda.set_rng_state(state["rng_card"], self.device)
        tokens, checkpointing = state["room"]
        self.room.tokens = min(int(tokens), self.room.tokens)
        if checkpointing == "full" != self.room.checkpointing:
            self.room.checkpointing = "full"
            self._prepare("full")
        assert self.job.start is not None
        return self.job.start.step
