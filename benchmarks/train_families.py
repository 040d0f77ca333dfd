"""Every engine on every family through the train stage itself: does it train, and is its curve that of TRL?

    python benchmarks/train_families.py BASE... --out families.json [--engines trl fast unsloth] [--methods lora fp8]
        [--set '{"optimizer": "adamw_8bit"}']

BASE: model folders (tests/support/families.py writes small ones of every family's true class). Each engine and method
runs in a process of its own on the same synthetic rows in the same order. A case says what the stage's plan came to,
losses, tokens a second, memory, or the error in one line; beside it the largest relative difference of a step's loss
from engine `trl` with the same method. Adapters begin with each engine's own random weights, so that difference says
whether an engine learns at all as it should, no more.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ROWS, VALIDATION, STEPS = 64, 8, 20


def main() -> None:
    """Run every case and write JSON after each, so that a run that is cut off is not lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bases", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--engines", nargs="+", default=["trl", "fast", "unsloth"])
    parser.add_argument("--methods", nargs="+", default=["lora", "qlora", "fp8"])
    parser.add_argument("--set", default="{}", help="JSON: more of the recipe's train section")
    parser.add_argument("--timeout", type=int, default=180, help="seconds of one case")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(train(options.bases[0], options.engines[0], options.methods[0], json.loads(options.set))))
        return
    found: dict[str, dict[str, Any]] = {}
    for base in options.bases:
        for method in options.methods:
            for engine in options.engines:
                case = in_process(base, engine, method, options.set, options.timeout)
                case["from_trl"] = difference(case, found.get(f"{base.name}, {method}, trl"))
                found[f"{base.name}, {method}, {engine}"] = case
                shown = {key: case.get(key) for key in ("engine", "from_trl", "peak_bytes", "error")}
                print(f"{base.name}, {method}, {engine}: {json.dumps(shown)}", file=sys.stderr, flush=True)
                if options.out:
                    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not options.out:
        print(json.dumps(found, indent=1))


def in_process(base: Path, engine: str, method: str, more: str, timeout_s: int) -> dict[str, Any]:
    """One case in a process of its own; what failed in one line."""
    argv = [sys.executable, __file__, str(base), "--worker", "--engines", engine, "--methods", method, "--set", more]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {timeout_s} s"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"error": " | ".join(done.stderr.strip().splitlines()[-3:]) or "no output"}
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def train(base: Path, engine: str, method: str, more: dict[str, Any]) -> dict[str, Any]:
    """The train stage over synthetic rows; facts of its manifest and its curve."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from trainrun import train_view, write_prepared

    from medtune.core.errors import MedtuneError
    from medtune.runs.layout import METRICS, RunDir
    from medtune.runs.manifest import read_manifest
    from medtune.runs.records.base import read_rows
    from medtune.runs.records.train import Metric
    from medtune.train import stage

    with tempfile.TemporaryDirectory() as scratch:
        run = RunDir(Path(scratch) / "run")
        values = {"engine": engine, "method": method, "max_steps": STEPS, "max_seq_length": 512, **more}
        view = train_view(base, Path(scratch), **values)
        write_prepared(run, view, rows=ROWS, validation=VALIDATION)
        try:
            stage.run(view, run)
        except MedtuneError as error:
            return {"error": f"{type(error).__name__}: {error.what}"}
        facts = read_manifest(run, "train").facts
        curve = [row for row in read_rows(run.stage("train") / METRICS, Metric) if row.kind == "train"]
    return {
        "engine": engine,
        "facts": facts,
        "losses": [row.loss for row in curve],
        "tokens_per_s": [row.tokens_per_s for row in curve],
        "peak_bytes": max((row.memory_bytes or 0 for row in curve), default=0),
    }


def difference(case: dict[str, Any], reference: dict[str, Any] | None) -> float | None:
    """Largest relative difference of a step's loss; None where one of the two did not train."""
    if not reference or not case.get("losses") or not reference.get("losses"):
        return None
    pairs = zip(case["losses"], reference["losses"], strict=False)
    return max(abs(own - other) / abs(other) for own, other in pairs)


if __name__ == "__main__":
    main()
