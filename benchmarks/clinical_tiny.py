"""The clinical tasks on the embedded base after a short run of their own recipes: form and fidelity of held-out cases.

    python benchmarks/clinical_tiny.py [--tasks consult-validation ...] [--steps 200] [--runs FOLDER] [--out FILE]

Each recipe of recipes/clinical runs from collection to audit with what a laptop needs put over it: the embedded base,
LoRA, its learning rate, fewer steps, short cases. Counted are the held-out cases of at most 400 tokens, of the document
alone and of document and answer together, by the base model and by every build: whole forms (JSON that parses, tags,
one paragraph), and answers that keep to their document. Nothing is asked of the latter: a model of ten million
parameters copies badly.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from medtune.chat.base import resolve_base
from medtune.chat.template import load_tokenizer
from medtune.pipeline import open_recipe, run_recipe
from medtune.runs.layout import GRADES, TEST
from medtune.runs.records.audit import Grade, Outcome
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import Example

ROOT = Path(__file__).parents[1]
TASKS = ("consult-validation", "consult-summary", "discharge-validation", "discharge-summary")
LONGEST_TOKENS = 400
CHECKS = ("structure", "faithful")


def main() -> None:
    """Run every task and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--cases", type=int, default=1600)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = {}
    for task in options.tasks:
        began = time.monotonic()
        found[task] = {**measure(task, options), "seconds": round(time.monotonic() - began)}
        print(f"{task}: {json.dumps(found[task])}", file=sys.stderr, flush=True)
    text = json.dumps({"steps": options.steps, "cases": options.cases, "tasks": found}, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


def measure(task: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one recipe as far as the audit and count."""
    recipe = ROOT / "recipes" / "clinical" / f"{task}.yaml"
    overrides = (
        "base=tiny",
        "train.method=lora",
        f"train.max_steps={options.steps}",
        "train.learning_rate=2e-3",
        "train.eval_every_steps=50",
        f"collect.sources.0.cases={options.cases}",
        "collect.sources.0.size=short",
        "suites.names=[]",
    )
    run_recipe(recipe, overrides, options.runs, until="audit")
    opened = open_recipe(recipe, overrides, options.runs)
    tokenizer = load_tokenizer(resolve_base(opened.recipe.base, opened.whole().resolve).folder)
    rows = list(read_rows(opened.run.stage("prepare") / TEST, Example))
    grades = list(read_rows(opened.run.stage("audit") / GRADES, Grade))

    def short(turns: slice) -> set[str]:
        """Cases whose turns come to few tokens."""
        tokens = {row.id: sum(len(tokenizer.hf.encode(turn.content)) for turn in row.messages[turns]) for row in rows}
        return {f"held-out/{name}" for name, count in tokens.items() if count <= LONGEST_TOKENS}

    return {
        "every held-out case": counts(grades, {grade.case for grade in grades}),
        f"document of at most {LONGEST_TOKENS} tokens": counts(grades, short(slice(1, 2))),
        f"document and answer of at most {LONGEST_TOKENS} tokens": counts(grades, short(slice(1, None))),
    }


def counts(grades: list[Grade], cases: set[str]) -> dict[str, dict[str, int]]:
    """Of each build: answers, whole forms, and answers that keep to their document."""
    found: dict[str, Counter[str]] = {}
    for grade in grades:
        if grade.case not in cases:
            continue
        own = found.setdefault(grade.build, Counter())
        own["answers"] += 1
        for check in CHECKS:
            own[check] += any(result.check == check and result.outcome is Outcome.PASS for result in grade.checks)
    return {build: dict(own) for build, own in found.items()}


if __name__ == "__main__":
    main()
