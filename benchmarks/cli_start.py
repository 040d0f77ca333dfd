"""Measure how long a person waits for help and for the check of a recipe.

    python benchmarks/cli_start.py [--runs 10]

Prints one JSON object: median and slowest wall time of each command, in seconds, over fresh processes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "medtune --help": ["--help"],
    "medtune run --help": ["run", "--help"],
    "medtune validate": ["validate", str(ROOT / "recipes" / "quickstart.yaml")],
    "medtune run --dry-run": ["run", str(ROOT / "recipes" / "quickstart.yaml"), "--dry-run"],
    "medtune ls": ["ls"],
}


def main() -> None:
    """Time every command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    times = parser.parse_args().runs
    print(json.dumps({name: timed(words, times) for name, words in COMMANDS.items()}, indent=2))


def timed(words: list[str], times: int) -> dict[str, float]:
    """Median and maximum over `times` fresh processes; the first, which warms the file cache, is not counted."""
    seconds = []
    for _ in range(times + 1):
        began = time.perf_counter()
        subprocess.run(
            [Path(sys.executable).with_name("medtune"), *words], cwd=ROOT, check=True, capture_output=True, text=True
        )
        seconds.append(time.perf_counter() - began)
    return {"median_s": round(statistics.median(seconds[1:]), 3), "max_s": round(max(seconds[1:]), 3)}


if __name__ == "__main__":
    main()
