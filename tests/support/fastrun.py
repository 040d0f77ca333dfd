"""A training of the fast engine on the CPU: random rows, a job over a base folder, its trainer, a recorder."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from medtune.config.train import TrainSection
from medtune.train.capability import capability_of, look_at_card
from medtune.train.engines.protocol import Job
from medtune.train.fast import prepare_base
from medtune.train.fast.trainer import FastTrainer
from medtune.train.planner.plan import TrainingPlan
from medtune.train.recorder import Next
from medtune.train.rows import TrainRow
from medtune.train.settings import make_settings


def rows_of(count: int, seed: int = 0) -> list[TrainRow]:
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        length = rng.randint(6, 40)
        ids = tuple(rng.randint(8, 300) for _ in range(length))
        rows.append(TrainRow(f"row-{number}", ids, tuple(place > length // 3 for place in range(length))))
    return rows


def job_of(base: Path, rows: list[TrainRow], *, plan: dict[str, Any] | None = None, **section: Any) -> Job:
    values = {"max_steps": 10, "batch_size": 4, "learning_rate": 5e-3, "lora_r": 4, "lora_alpha": 8, **section}
    settings = make_settings(TrainSection.model_validate(values), 7, len(rows))
    chosen: dict[str, Any] = {
        "engine": "fast", "method": "lora", "dtype": "float32", "checkpointing": "none", "micro_batch": 4,
        "micro_tokens": 80, "packing": True, **(plan or {}),
    }  # fmt: skip
    return Job(
        base=SimpleNamespace(folder=base, name="toy", family=None),  # type: ignore[arg-type]
        tokenizer=None,  # type: ignore[arg-type]
        rows=rows,
        validation=rows[:5],
        settings=settings,
        plan=TrainingPlan(**chosen),
        capability=capability_of(look_at_card()),
        checkpoints=base,
        start=None,
    )


def trainer_of(job: Job) -> FastTrainer:
    from transformers import get_scheduler

    base, settings = prepare_base.prepare_base(job), job.settings
    name, arguments = settings.schedule()
    return FastTrainer(
        job,
        base.model,
        base.built,
        device=base.device,
        linear_names=base.linear_names,
        compiled=False,
        optimizer=lambda parameters: prepare_base.make_optimizer(parameters, settings, base.device),
        schedule=lambda optimizer: get_scheduler(
            name, optimizer, settings.warmup_steps, settings.steps, scheduler_specific_kwargs=arguments
        ),
    )


class Told:
    """A recorder that saves where it is told to."""

    def __init__(self, folder: Path, save: int | None = None) -> None:
        self.folder, self.at, self.losses = folder, save, []  # type: ignore[var-annotated]

    def step(self, figures: Any) -> Next:
        self.losses.append(figures.loss)
        return Next(save=figures.step == self.at)

    def save(self, step: int, write: Any) -> None:
        write(self.folder / f"checkpoint-{step}")
