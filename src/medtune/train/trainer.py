"""TRL's SFTTrainer with our batches, loss, validation and checkpoints; data preparation and telemetry are off.

TRL is given finished token ids with their mask, so it renders nothing again. The optimiser, schedule, clipping,
accumulation, mixed precision and resuming are its own.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from medtune.core.errors import MedtuneError, ResourceError
from medtune.train.batches import EpochSampler, collate, collate_examples
from medtune.train.checkpoints import checkpoint_path, remove_all_but, seal, steps_to_keep, whole_checkpoints
from medtune.train.loss import TokenLoss
from medtune.train.rows import TrainRow
from medtune.train.settings import Settings

_FULL_DISK_BYTES = 1 << 20
_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


@dataclass
class Meter:
    """What was done since the last optimiser step, and in all."""

    loss_sum: float = 0.0
    trained: int = 0
    tokens: int = 0
    seconds: float = 0.0
    total_tokens: int = 0
    total_seconds: float = 0.0

    def close_step(self) -> tuple[float, float]:
        """Mean loss in nats and tokens per second of the step; the step's figures start anew."""
        loss, speed = self.loss_sum / max(self.trained, 1), self.tokens / max(self.seconds, 1e-9)
        self.total_tokens += self.tokens
        self.total_seconds += self.seconds
        self.loss_sum, self.trained, self.tokens, self.seconds = 0.0, 0, 0, 0.0
        return loss, speed


class LoraTrainer(SFTTrainer):  # type: ignore[misc]
    """One fine-tuning run."""

    def __init__(
        self,
        *,
        model: Any,
        tokenizer: Any,
        rows: Sequence[TrainRow],
        validation: Sequence[TrainRow],
        settings: Settings,
        checkpoints: Path,
        device: torch.device,
        conductor: TrainerCallback,
    ) -> None:
        from datasets import Dataset

        self.rows, self.validation, self.settings, self.folder = rows, validation, settings, checkpoints
        self.meter = Meter()
        self.best_step: int | None = None
        data = Dataset.from_dict(
            {
                "input_ids": [list(row.input_ids) for row in rows],
                "trained": [list(row.trained) for row in rows],
                "labels": [[0]] * len(rows),  # TRL wants the column; the labels are made of `trained` in each batch
                "row": list(range(len(rows))),
            }
        )
        super().__init__(
            model=model,
            args=_arguments(settings, checkpoints, device),
            train_dataset=data,
            data_collator=collate_examples,
            processing_class=tokenizer,
            callbacks=[conductor],
        )
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
        """One forward and backward pass, timed."""
        began = time.monotonic()
        self.meter.tokens += sum(len(self.rows[int(row)].input_ids) for row in inputs["rows"])
        loss: torch.Tensor = super().training_step(model, inputs, *args, **kwargs)
        self.meter.seconds += time.monotonic() - began
        return loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validation loss: the mean over all trained tokens of the validation rows, in nats."""
        self.model.eval()
        total, count = 0.0, 0
        order = sorted(range(len(self.validation)), key=lambda index: len(self.validation[index].input_ids))
        width = 2 * self.settings.batch_size
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
        """The adapter alone: no tokenizer, no pickled arguments with paths of this machine, no empty model card."""
        folder = Path(output_dir or self.args.output_dir)
        self.model.save_pretrained(str(folder), state_dict=state_dict, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = int(self.state.global_step)
        if not checkpoint_path(self.folder, step).exists():
            with _full_disk(self.folder):
                super()._save_checkpoint(model, trial)
            seal(self.folder, step, self.meter.total_tokens, self.meter.total_seconds)
        # While training, the newest is kept beside the best: a killed run goes on from there.
        steps = [checkpoint.step for checkpoint in whole_checkpoints(self.folder)]
        remove_all_but(self.folder, steps_to_keep(steps, self.best_step, self.settings.keep_checkpoints) | {step})

    def _broken_loss(self, ids: list[str]) -> MedtuneError:
        """Why the loss is no finite number, as far as the weights tell."""
        step = int(self.state.global_step) + 1
        where = f"step {step}, rows {', '.join(ids[:8])}"
        adapter = [weight for weight in self.model.parameters() if weight.requires_grad]
        if not all(bool(torch.isfinite(weight).all()) for weight in adapter):
            return MedtuneError(
                f"the loss is no number any more: the update of step {step - 1} made the adapter's weights infinite",
                where=where,
                next_step=f"lower train.learning_rate (it is {self.settings.learning_rate:g}) or train.max_grad_norm "
                f"(it is {self.settings.max_grad_norm:g}), or raise train.warmup_ratio",
            )
        largest = max(float(weight.detach().abs().max()) for weight in adapter)
        return MedtuneError(
            f"the loss is no number any more: the weights are finite (largest of the adapter {largest:.3g}), "
            "but the model overflows on these rows",
            where=where,
            next_step=f"lower train.learning_rate (it is {self.settings.learning_rate:g}); if it is low already, "
            "look at these rows",
        )


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


def _arguments(settings: Settings, folder: Path, device: torch.device) -> SFTConfig:
    """SFTConfig: evaluation, logging and saving are started by our own callback, so their strategies are off."""
    arguments = SFTConfig(
        output_dir=str(folder),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=_SCHEDULES[settings.lr_scheduler],
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        optim="adamw_torch" if device.type == "mps" else "adamw_torch_fused",
        seed=settings.seed,
        data_seed=settings.seed,
        bf16=device.type == "cuda",
        fp16=False,
        use_cpu=device.type == "cpu",
        gradient_checkpointing=False,
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
