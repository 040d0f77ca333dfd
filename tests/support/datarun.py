"""Runs of collect and prepare in a temporary folder, and small MedQuAD documents made by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from medtune.collect import stage as collect_stage
from medtune.config.recipe import Recipe, RecipeView
from medtune.prepare import stage as prepare_stage
from medtune.runs.layout import TEST, TRAIN, VALIDATION, RunDir
from medtune.runs.manifest import Manifest
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import Example


def recipe(sources: Sequence[Mapping[str, Any]], **values: Any) -> Recipe:
    """A recipe with these sources; `prepare=…`, `seed=…` and the like are added."""
    return Recipe.model_validate({"name": "data", "collect": {"sources": list(sources)}, **values})


def collect(of: Recipe, folder: Path) -> tuple[RunDir, Manifest]:
    """Run collect in `folder`/run; relative paths of the recipe start in `folder`."""
    run = RunDir(folder / "run")
    run.path.mkdir(exist_ok=True)
    return run, collect_stage.run(RecipeView(of, collect_stage.READS, folder), run)


def prepare(of: Recipe, folder: Path) -> tuple[RunDir, Manifest]:
    """Run collect and prepare."""
    run, _ = collect(of, folder)
    return run, prepare_stage.run(RecipeView(of, prepare_stage.READS, folder), run)


def splits(run: RunDir) -> dict[str, list[Example]]:
    """The rows of the three splits."""
    folder = run.stage("prepare")
    return {
        "train": read_rows(folder / TRAIN, Example),
        "validation": read_rows(folder / VALIDATION, Example),
        "test": read_rows(folder / TEST, Example),
    }


def document(topic: str, pairs: Sequence[tuple[str, str, str]], *, name: str = "0000001", source: str = "GARD") -> str:
    """A MedQuAD document of (question type, question, answer)."""
    body = "".join(
        f"<QAPair pid={quoteattr(str(number))}>"
        f"<Question qid={quoteattr(f'{name}-{number}')} qtype={quoteattr(kind)}>{escape(question)}</Question>"
        f"<Answer>{escape(answer)}</Answer></QAPair>"
        for number, (kind, question, answer) in enumerate(pairs, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document id={quoteattr(name)} source={quoteattr(source)} url="https://example.org/{name}">'
        f"<Focus>{escape(topic)}</Focus><QAPairs>{body}</QAPairs></Document>"
    )


def four_part_pairs(topic: str) -> list[tuple[str, str, str]]:
    """Question types that fill four parts, in sentences that no two topics share."""
    return [
        ("information", f"What is (are) {topic} ?", f"{topic} is an invented disorder of the {topic} gland in adults."),
        ("causes", f"What causes {topic} ?", f"What causes {topic}? A shortage of {topic} salts in water causes it."),
        (
            "symptoms",
            f"What are the symptoms of {topic} ?",
            f"People with {topic} feel a mild itch of {topic} fingers.",
        ),
        (
            "treatment",
            f"What are the treatments for {topic} ?",
            f"Treatment of {topic} is rest and {topic} tea at noon.",
        ),
        (
            "outlook",
            f"What is the outlook for {topic} ?",
            f"Nearly everybody with {topic} is well after {topic} weeks.",
        ),
    ]
