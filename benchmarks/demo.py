"""Measure a whole run: wall time of each stage, peak memory summed over the run's processes, bytes on disk.

    python benchmarks/demo.py                                    recipes/quickstart.yaml in a fresh folder
    python benchmarks/demo.py --set train.max_steps=20 --keep /tmp/runs

Prints one JSON object. Memory is the sum over the command and all its descendants, sampled every 0.2 s: of the
proportional set size where the system tells it (shared pages count once), else of the resident set size.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
EVERY_S = 0.2


def main() -> None:
    """Run, sample, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", type=Path, default=ROOT / "recipes" / "quickstart.yaml")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="A.B=C")
    parser.add_argument("--keep", type=Path, help="folder for the run directory; a temporary one when left out")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        runs = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        words = [word for override in given.overrides for word in ("--set", override)]
        command = [sys.executable, "-m", "medtune", "run", str(given.recipe), "--runs", str(runs), *words]
        first = measure(command)
        second = measure(command)
        (run,) = [path for path in runs.iterdir() if path.is_dir()] if not given.keep else [newest(runs)]
        print(json.dumps({**first, "second_run": second, **facts(run)}, indent=2))


def measure(command: list[str]) -> dict[str, Any]:
    """Run a command to its end; its own output goes to stderr."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=sys.stderr)
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory_bytes(process.pid))
        time.sleep(EVERY_S)
    return {
        "exit_code": process.returncode,
        "wall_s": round(time.monotonic() - began, 1),
        "peak_memory_gib": round(peak / 2**30, 2),
    }


def memory_bytes(pid: int) -> int:
    """Memory of a process and all its descendants."""
    total = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += one_process_bytes(process)
    return total


def one_process_bytes(process: psutil.Process) -> int:
    """Proportional set size, else resident set size."""
    try:
        return int(process.memory_full_info().pss)
    except (AttributeError, psutil.AccessDenied):
        return int(process.memory_info().rss)


def newest(runs: Path) -> Path:
    """The run directory that was written last."""
    return max((path for path in runs.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)


def facts(run: Path) -> dict[str, Any]:
    """Seconds of each stage, verdicts and sizes, from the run's own files."""
    manifests = {path.parent.name: json.loads(path.read_text("utf-8")) for path in sorted(run.glob("0*/manifest.json"))}
    verdicts = run / "06-audit" / "verdicts.json"
    return {
        "machine": json.loads((run / "provenance.json").read_text("utf-8")),
        "stage_s": {name: manifest["seconds"] for name, manifest in manifests.items()},
        "verdicts": {
            verdict["build"]: {
                "verdict": verdict["verdict"],
                "whole_form": verdict["whole_form"],
                "size_bytes": verdict["size_bytes"],
            }
            for verdict in (json.loads(verdicts.read_text("utf-8")) if verdicts.is_file() else [])
        },
        "disk_bytes": sum(path.stat().st_size for path in run.rglob("*") if path.is_file()),
    }


if __name__ == "__main__":
    main()
