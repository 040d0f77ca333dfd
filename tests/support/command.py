"""The command `medtune` in a process of its own, and what a run directory holds, for tests of whole runs."""

import os
import subprocess
import sys
from pathlib import Path

from medtune.core.io import read_json
from medtune.runs.layout import LOCK, STAGE_FOLDERS, RunDir

RECIPE = Path(__file__).parents[2] / "recipes" / "quickstart.yaml"
SMALL = (
    "collect.sources.0.limit=600", "train.max_steps=5", "train.eval_every_steps=5", "train.save_every_steps=5",
    "suites.limit=10", "suites.held_out=10", "export.quantizations=[Q8_0, Q2_K]",
)  # fmt: skip
"""The quickstart in a minute: the same path, no figure worth anything."""

_SAY_TORCH = """
import sys
from medtune.cli.main import main
try:
    main()
finally:
    print("torch imported:", "torch" in sys.modules, file=sys.stderr)
"""


def sets(*overrides: str) -> list[str]:
    """--set for each override."""
    return [word for override in overrides for word in ("--set", override)]


def run_words(runs_folder: Path, *more: str, small: tuple[str, ...] = SMALL) -> list[str]:
    """`medtune run` of the small quickstart."""
    return ["run", str(RECIPE), "--runs", str(runs_folder), *sets(*small), *more]


def start(words: list[str], **environment: str) -> "subprocess.Popen[str]":
    """The command in its own process group; its last line on stderr says whether torch was imported."""
    return subprocess.Popen(
        [sys.executable, "-c", _SAY_TORCH, *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment}, start_new_session=True,
    )  # fmt: skip


def call(words: list[str], timeout_s: float = 900.0, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    process = start(words, **environment)
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def digests(run: RunDir) -> dict[str, str]:
    """The manifest digest of each finished stage."""
    folders = {name: run.stage(name) / "manifest.json" for name in STAGE_FOLDERS}
    return {name: read_json(path)["digest"] for name, path in folders.items() if path.is_file()}


def times(run: RunDir) -> dict[str, int]:
    """When each file of the run was written; the lock is left out."""
    files = [path for path in run.path.rglob("*") if path.is_file() and path.name != LOCK]
    return {path.relative_to(run.path).as_posix(): path.stat().st_mtime_ns for path in files}
