"""Time and peak memory of collect and prepare: synthetic records in growing numbers, and an archive of MedQuAD.

    python benchmarks/prepare.py [--records 10000 100000 1000000] [--phi] [--no-topics]
    python benchmarks/prepare.py --medquad ARCHIVE [--phi]

Each measurement is a process of its own; the peak is what the kernel counts for it (ru_maxrss). Beside the wall clock
stands the processor time of all threads, which says more on a machine that others use. The records are made up from
syllables: every answer has 40 to 120 words, one in twenty repeats another, one in twenty differs from another in a few
words, and twenty share a topic (--no-topics: none has one). All steps run; identifiers are looked for in a sample of
the records only (the public profile), with --phi in every record (the clinical one).
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_ONSETS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_WORDS = [
    a + b + c + d for a in _ONSETS for b in _VOWELS for c in ("n", "r", "st", "l") for d in ("", "a", "os", "ine")
]


def write_records(path: Path, count: int, *, topics: bool = True) -> None:
    """A JSONL file in the shape of a `files` source."""
    draw = random.Random(7)
    before: list[str] = _WORDS[:50]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            kind = draw.random()
            words = list(before) if kind < 0.1 else draw.choices(_WORDS, k=draw.randint(40, 120))
            if 0.05 <= kind < 0.1:
                words[draw.randrange(len(words))] = draw.choice(_WORDS)
            before = words
            answer = ". ".join(" ".join(words[at : at + 12]).capitalize() for at in range(0, len(words), 12))
            row = {
                "question": f"What is {draw.choice(_WORDS)} {number}?",
                "answer": f"{answer}.",
                "topic": f"T{number // 20}" if topics else "",
            }
            file.write(json.dumps(row) + "\n")


def measure(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run collect and prepare here; seconds of each, rows, and the process's peak."""
    from medtune.collect import stage as collect_stage
    from medtune.config.recipe import Recipe, RecipeView
    from medtune.core.io import read_json
    from medtune.prepare import stage as prepare_stage
    from medtune.runs.layout import STATS, RunDir

    of, run = Recipe.model_validate(recipe), RunDir(folder / "run")
    run.path.mkdir()
    result: dict[str, Any] = {}
    for stage in (collect_stage, prepare_stage):
        began, worked = time.perf_counter(), time.process_time()
        manifest = stage.run(RecipeView(of, stage.READS, folder), run)
        result[f"{stage.NAME}_s"] = round(time.perf_counter() - began, 2)
        result[f"{stage.NAME}_cpu_s"] = round(time.process_time() - worked, 2)
        if stage is collect_stage:
            result |= {"records": manifest.facts["records"], "pairs": manifest.facts["rows"]}
        result[f"peak_after_{stage.NAME}_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    stats = read_json(run.stage("prepare") / STATS)
    return {**result, "rows": stats["rows"], "rejected": stats["rejected"], "near": stats["groups"]["near_duplicates"]}


def alone(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same in a process of its own."""
    words = [sys.executable, __file__, "--one", json.dumps(recipe), str(folder)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Print one JSON object a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--medquad", type=Path)
    parser.add_argument("--phi", action="store_true", help="look for identifiers in every record")
    parser.add_argument("--no-topics", action="store_true", help="synthetic records that name no topic")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(json.loads(given.one[0]), Path(given.one[1]))))
        return
    section: dict[str, Any] = {"converters": ["qa", "refusal"]}
    section["phi"] = {"profile": "clinical" if given.phi else "public"}
    jobs: list[tuple[str, int]] = []
    if given.medquad:
        source: dict[str, Any] = {"kind": "medquad", "path": str(given.medquad.resolve())}
        section["max_tokens"] = 2048
        jobs.append(("medquad", 0))
    else:
        source = {"kind": "files", "path": "rows.jsonl"}
        jobs = [("synthetic", count) for count in given.records]
    for name, count in jobs:
        with tempfile.TemporaryDirectory() as place:
            if count:
                write_records(Path(place) / "rows.jsonl", count, topics=not given.no_topics)
            recipe = {"name": "bench", "collect": {"sources": [source]}, "prepare": section}
            print(
                json.dumps({"what": name, "given": count, "phi": given.phi, **alone(recipe, Path(place))}), flush=True
            )


if __name__ == "__main__":
    main()
