"""TRL's SFTTrainer with our batches, loss, validation and checkpoints; data preparation and telemetry are off.

TRL is given finished token ids with their mask, so it renders nothing again. The optimiser, schedule, clipping,
accumulation, mixed precision and resuming are its own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from medtune.core.console import say
from medtune.core.errors import MedtuneError
from medtune.train.batches import EpochSampler, collate, collate_examples
from medtune.train.broken import broken_loss
from medtune.train.loss import TokenLoss
from medtune.train.memory import does_not_fit, smaller
from medtune.train.planner.plan import TrainingPlan
from medtune.train.recorder import Recorder
from medtune.train.rows import TrainRow
from medtune.train.settings import Settings

_OPTIMIZERS = {
    "adamw": "adamw_torch_fused",
    "adamw_8bit": "adamw_8bit",
    "paged_adamw": "paged_adamw_32bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
}


@dataclass
class Meter:
    """What was done since the last optimiser step."""

    loss_sum: float = 0.0
    trained: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def close_step(self) -> tuple[float, int, float]:
        """Mean loss in nats, tokens and seconds of the step; the figures start anew."""
        found = self.loss_sum / max(self.trained, 1), self.tokens, self.seconds
        self.loss_sum, self.trained, self.tokens, self.seconds = 0.0, 0, 0, 0.0
        return found


class RowTrainer(SFTTrainer):  # type: ignore[misc]
    """One fine-tuning run. To the trainer, a batch is all rows of an optimiser step; it is cut into passes here."""

    def __init__(
        self,
        *,
        model: Any,
        tokenizer: Any,
        rows: Sequence[TrainRow],
        validation: Sequence[TrainRow],
        settings: Settings,
        plan: TrainingPlan,
        checkpoints: Path,
        device: torch.device,
        conductor: TrainerCallback,
        recorder: Recorder | None,
    ) -> None:
        """Without a recorder nothing is saved."""
        from datasets import Dataset

        self.rows, self.validation, self.settings, self.plan = rows, validation, settings, plan
        self.recorder = recorder
        self.meter = Meter()
        self.micro_batch = plan.micro_batch
        data = Dataset.from_dict(
            {
                "input_ids": [list(row.input_ids) for row in rows],
                "trained": [list(row.trained) for row in rows],
                "labels": [[0]] * len(rows),  # TRL wants the column; the labels are made of `trained` in each batch
                "row": list(range(len(rows))),
            }
        )
        # TRL turns LoRA weights on a 4-bit base into bfloat16: float16 training then fails in its first step (the
        # gradient scaler knows no bfloat16), and elsewhere small updates are lost. They stay float32, in every engine.
        trained = [(weight, weight.data) for weight in model.parameters() if weight.requires_grad]
        super().__init__(
            model=model,
            args=_arguments(settings, plan, checkpoints, device),
            train_dataset=data,
            data_collator=collate_examples,
            processing_class=tokenizer,
            callbacks=[conductor],
        )
        for weight, values in trained:
            weight.data = values.to(weight.device)
        for callback in (PrinterCallback, ProgressCallback):
            self.remove_callback(callback)
        # Batches then come with the number of trained tokens of the whole optimiser step: an exact mean over tokens.
        self.model_accepts_loss_kwargs = True
        self.token_loss = TokenLoss(self.model)

    def compute_loss(
        self, _model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean over the trained tokens of the optimiser step, in nats."""
        del return_outputs
        loss, count = self.token_loss(inputs["input_ids"], inputs["labels"])
        if not bool(torch.isfinite(loss)):
            raise self._broken_loss([self.rows[int(row)].id for row in inputs["rows"]])
        self.meter.loss_sum += float(loss.detach())
        self.meter.trained += int(count)
        return loss / (count if num_items_in_batch is None else num_items_in_batch)

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Forward and backward passes over all rows of an optimiser step, timed.

        Out of memory, the step begins anew with half as many rows in a pass. The loss is a mean over the whole step's
        trained tokens, so the gradient stays the same, and no row is lost or counted twice.
        """
        chosen = [int(row) for row in inputs["rows"]]
        began = time.monotonic()
        while True:
            try:
                loss = self._passes(model, inputs, chosen, *args, **kwargs)
                break
            except torch.cuda.OutOfMemoryError:
                fewer = smaller(min(self.micro_batch, len(chosen)))
            # Outside of `except`: the error's traceback would keep the failed pass's tensors alive.
            self._forget_step(model)
            if fewer is None:
                longest = max(len(self.rows[row].input_ids) for row in chosen)
                raise does_not_fit(self.plan, int(self.state.global_step) + 1, longest)
            self.micro_batch = fewer
            say(f"  out of memory: {fewer} rows in a pass from step {int(self.state.global_step) + 1} on")
        self.meter.tokens += sum(len(self.rows[row].input_ids) for row in chosen)
        self.meter.seconds += time.monotonic() - began
        return loss

    def _passes(self, model: Any, inputs: Any, chosen: list[int], *args: Any, **kwargs: Any) -> torch.Tensor:
        """All rows of the step, `micro_batch` of them at a time; the sum of the passes' losses."""
        if len(chosen) <= self.micro_batch:
            whole: torch.Tensor = super().training_step(model, inputs, *args, **kwargs)
            return whole
        total = torch.zeros((), device=self.args.device)
        for start in range(0, len(chosen), self.micro_batch):
            part = chosen[start : start + self.micro_batch]
            total += super().training_step(model, collate([self.rows[row] for row in part], part), *args, **kwargs)
        return total

    def _forget_step(self, model: Any) -> None:
        """Gradients and figures of an unfinished step."""
        model.zero_grad(set_to_none=True)
        self.meter.loss_sum, self.meter.trained = 0.0, 0
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def peak_memory_bytes(self) -> int | None:
        """Most memory that was taken on the card, or None without a CUDA device."""
        return torch.cuda.max_memory_reserved() if self.args.device.type == "cuda" else None

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validation loss: the mean over all trained tokens of the validation rows, in nats."""
        self.model.eval()
        total, count = 0.0, 0
        order = sorted(range(len(self.validation)), key=lambda index: len(self.validation[index].input_ids))
        width = 2 * self.micro_batch
        with torch.no_grad(), self.compute_loss_context_manager():
            for start in range(0, len(order), width):
                chosen = order[start : start + width]
                batch = collate([self.validation[index] for index in chosen], chosen)
                loss, number = self.token_loss(
                    batch["input_ids"].to(self.args.device), batch["labels"].to(self.args.device)
                )
                total, count = total + float(loss), count + int(number)
        self.model.train()
        mean = total / max(count, 1)
        if not mean < float("inf"):
            raise self._broken_loss(["validation rows"])
        metrics = {"eval_loss": mean}
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None: the release stage writes the card."""

    def _send_telemetry(self) -> None:
        """None, ever."""

    def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
        lengths = [len(row.input_ids) for row in self.rows]
        return EpochSampler(lengths, self.settings.batch_size, self.settings.seed)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Trained weights alone: no tokenizer, no pickled arguments with paths of this machine, no empty model card."""
        folder = Path(output_dir or self.args.output_dir)
        options = {} if self.plan.method == "full" else {"save_embedding_layers": False}
        self.model.save_pretrained(str(folder), state_dict=state_dict, **options)
        (folder / "README.md").unlink(missing_ok=True)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if self.recorder is not None:
            write = super()._save_checkpoint
            self.recorder.save(int(self.state.global_step), lambda _: write(model, trial))

    def _broken_loss(self, ids: list[str]) -> MedtuneError:
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        return broken_loss(self.settings, int(self.state.global_step) + 1, ids, trained)


def _arguments(settings: Settings, plan: TrainingPlan, folder: Path, device: torch.device) -> SFTConfig:
    """SFTConfig: evaluation, logging and saving are started by our own callback, so their strategies are off."""
    schedule, schedule_arguments = settings.schedule()
    arguments = SFTConfig(
        output_dir=str(folder),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.step_rows,
        gradient_accumulation_steps=1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=schedule,
        lr_scheduler_kwargs=schedule_arguments,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        optim="adamw_torch" if device.type == "mps" else _OPTIMIZERS[settings.optimizer],
        neftune_noise_alpha=settings.neftune_alpha,
        seed=settings.seed,
        data_seed=settings.seed,
        bf16=plan.dtype == "bfloat16",
        fp16=plan.dtype == "float16",
        use_cpu=device.type == "cpu",
        gradient_checkpointing=plan.checkpointing == "full",
        gradient_checkpointing_kwargs={"use_reentrant": False},
        logging_strategy="no",
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        dataloader_pin_memory=device.type == "cuda",
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
    )
    # One process drives one GPU; more of them are not for this engine.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments
