"""What this machine has that a run needs."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import MedtuneError
from medtune.llamacpp.install import compiler
from medtune.llamacpp.toolchain import find

_MIN_MEMORY_BYTES = 4 << 30
_MIN_DISK_BYTES = 2 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for; `next_step` says how to get it when it is not `ok`."""

    what: str
    ok: bool
    found: str
    next_step: str = ""


def look(runs_folder: Path) -> Iterator[Finding]:
    """Look at Python, llama.cpp, build tools, cores, memory, disk and GPU; torch is not imported."""
    import psutil

    yield Finding("python", True, f"{platform.python_version()} ({platform.system()} {platform.machine()})")
    yield _torch()
    yield from _llama_cpp()
    yield Finding(
        "cores", True, str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    )
    memory = psutil.virtual_memory()
    yield Finding(
        "memory",
        memory.total >= _MIN_MEMORY_BYTES,
        f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free",
        "the quickstart needs 4 GiB; larger models need more",
    )
    folder = runs_folder.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    yield Finding(
        "disk", free >= _MIN_DISK_BYTES, f"{free / 1e9:.1f} GB free for {runs_folder}", "free some space, or use --runs"
    )
    yield _gpu()


def _torch() -> Finding:
    from importlib import metadata

    try:
        return Finding("torch", True, metadata.version("torch"))
    except metadata.PackageNotFoundError:
        return Finding("torch", False, "not installed", "pip install -c constraints.txt -e .")


def _llama_cpp() -> Iterator[Finding]:
    try:
        found = find()
    except MedtuneError as error:
        yield Finding("llama.cpp", False, error.what, error.next_step)
    else:
        yield Finding("llama.cpp", True, f"{found.backend}, {found.version}, in {found.folder}")
        return
    # Only a machine without llama.cpp needs the tools that build it.
    how = "Debian/Ubuntu: apt install cmake g++; Fedora: dnf install cmake gcc-c++; macOS: brew install cmake"
    for what, path in (("cmake", shutil.which("cmake")), ("C++ compiler", compiler())):
        yield Finding(what, path is not None, str(path or "not found"), how)


def _gpu() -> Finding:
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return Finding("gpu", True, "Apple silicon (medtune toolchain install --backend metal)")
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("gpu", True, "none found; everything runs on the CPU")
    try:
        done = subprocess.run(
            [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return Finding("gpu", True, "nvidia-smi does not answer; everything runs on the CPU")
    return Finding("gpu", True, "; ".join(line.strip() for line in done.stdout.splitlines() if line.strip()))
