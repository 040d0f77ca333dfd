"""A run directory whose 02-prepare holds small synthetic rows, and the recipe view of the train stage over it."""

from pathlib import Path
from typing import Any

from medtune.config.recipe import Recipe, RecipeView
from medtune.runs.layout import TEST, TRAIN, VALIDATION, RunDir
from medtune.runs.records.base import write_rows
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage

TOPICS = ("asthma", "anemia", "migraine", "diabetes", "gout", "flu", "mumps", "scurvy")
READS = ("train", "base", "seed")


def example(number: int, sentences: int = 1) -> Example:
    """Row `number`; longer with more sentences."""
    topic = TOPICS[number % len(TOPICS)]
    answer = " ".join(f"It is a disease; part {number % 7} of {index}." for index in range(sentences))
    return Example(
        id=f"row-{number}",
        messages=(
            Turn(role="system", content="Explain terms."),
            Turn(role="user", content=f"Explain the medical term: {topic}"),
            Turn(role="assistant", content=f"**Definition** {topic}.\n{answer}"),
        ),
        topic=topic,
        converter="terms",
        records=(f"record-{number}",),
        source="synthetic",
        licence="CC0-1.0",
        public=True,
        tokens=1,
    )


def write_prepared(run: RunDir, recipe: RecipeView, *, rows: int, validation: int) -> None:
    """Finish a 02-prepare of synthetic rows of several lengths."""
    folder = open_stage(run, recipe, name="prepare", needs=(), version=1)
    write_rows(folder.path / TRAIN, [example(number, 1 + number % 4) for number in range(rows)])
    write_rows(folder.path / VALIDATION, [example(1000 + number, 1 + number % 3) for number in range(validation)])
    write_rows(folder.path / TEST, [example(2000)])
    folder.finish(facts={})


def train_view(base: Path, folder: Path, **train: Any) -> RecipeView:
    """A recipe over a base folder with the given train section."""
    values = {"batch_size": 4, "max_steps": 6, "learning_rate": 5e-3, "lora_r": 4, "lora_alpha": 8, **train}
    recipe = Recipe.model_validate(
        {
            "name": "toy",
            "base": {"path": str(base)},
            "collect": {"sources": [{"kind": "medquad"}]},
            "train": values,
        }
    )
    return RecipeView(recipe, READS, folder)
