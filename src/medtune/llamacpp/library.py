"""Run a job with libllama itself, in a process of its own: a crash of the library is an error, not the end of medtune.

The ctypes layer is the one that comes with the pinned source; `library_worker` is the program that imports it.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError, MedtuneError, ModelError, ToolchainError
from medtune.core.io import read_json, write_json
from medtune.core.proc import run_tool
from medtune.llamacpp.toolchain import Toolchain

JOB, DONE = "job.json", "done.json"
WORKER = "medtune.llamacpp.library_worker"


@dataclass(frozen=True)
class JobDone:
    """What the worker says at its end (`facts`); its files lie in the folder of the job."""

    facts: dict[str, Any]
    seconds: float


def has_library(toolchain: Toolchain) -> bool:
    """False for a static build or a plain checkout: nothing can be scored with it."""
    return toolchain.library is not None and toolchain.bindings is not None


@contextmanager
def job_folder() -> Iterator[Path]:
    """A folder for the files of one job, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="medtune-score-") as folder:
        yield Path(folder)


def run_library(
    toolchain: Toolchain,
    folder: Path,
    job: dict[str, Any],
    *,
    what: str,
    log: Path | None = None,
    timeout_s: float | None = None,
    on_step: Callable[[], None] = lambda: None,
) -> JobDone:
    """Let the worker do a job whose files lie in `folder`; `on_step` is called once for each line that it prints.

    Raises ToolchainError (no library, or it crashed or ran out of memory), ModelError (a file that it cannot load).
    """
    if toolchain.library is None or toolchain.bindings is None:
        raise ToolchainError(
            f"{what} needs libllama and its ctypes layer, which this llama.cpp does not have",
            where=str(toolchain.folder),
            next_step="run `medtune toolchain install` and leave `llama_cpp` out of the recipe",
        )
    write_json(folder / JOB, {**job, "bindings": str(toolchain.bindings)})
    env = {"LLAMA_CPP_LIB_PATH": str(toolchain.library.parent), "PYTHONUNBUFFERED": "1"}
    # one model's waiting threads must not spin while another model or numpy works
    env["GOMP_SPINCOUNT"] = "1000"
    try:
        done = run_tool(
            [sys.executable, "-m", WORKER, str(folder)],
            what=what,
            log=log,
            env=env,
            timeout_s=timeout_s,
            on_line=lambda line: on_step() if line == "step" else None,
        )
    except ToolchainError as error:
        raise _typed(error, folder) from error
    return JobDone(read_json(folder / DONE), done.seconds)


def _typed(error: ToolchainError, folder: Path) -> MedtuneError:
    """The worker says before it ends which file could not be loaded; without such a word it crashed."""
    try:
        said = read_json(folder / DONE)
    except DataError:
        return error
    return ModelError(
        f"llama.cpp cannot load {Path(str(said['cannot_load'])).name}",
        where=str(said["cannot_load"]),
        next_step="export that file again; if it stays so, this llama.cpp does not know its architecture, "
        "or memory ran out",
    )
