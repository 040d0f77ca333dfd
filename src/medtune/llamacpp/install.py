"""Build the pinned llama.cpp into medtune's cache: once per machine and backend, whole or not at all."""

import contextlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from medtune.core.errors import ToolchainError, UsageError
from medtune.core.io import disk_errors, write_json
from medtune.core.proc import run_tool
from medtune.llamacpp import source
from medtune.llamacpp.toolchain import (
    BACKENDS,
    PIN,
    STAMP,
    TOOLS,
    Toolchain,
    binaries_digest,
    cached,
    missing_parts,
    open_folder,
    read_version,
)

Progress = Callable[[str, float | None], None]
"""Called with words and the share that is done (0 to 1; None: unknown)."""

VOCABULARIES = ("gemma-4", "llama-bpe", "llama-spm", "phi-3", "qwen2", "qwen35")
"""Tokenizers kept from the source (37 of its 75 MB): one per model family that medtune knows."""

_BYTES_PER_JOB = 3 << 29  # the largest translation units need about 1.2 GB
_HOW = (
    "Debian/Ubuntu: apt install cmake g++; Fedora: dnf install cmake gcc-c++; "
    "macOS: xcode-select --install && brew install cmake"
)
_NO_AMX = "-U__AMX_INT8__"  # the macro that llama.cpp asks for; every compiler takes the flag
_STEP = re.compile(r"^\[\s*(?:(?P<percent>\d+)%|(?P<done>\d+)/(?P<all>\d+))\]")


def install(backend: str = "cpu", cache: Path | None = None, progress: Progress | None = None) -> Toolchain:
    """The pinned llama.cpp for a backend ("cpu", "cuda", "metal"), built when the cache lacks it.

    Needs cmake, a C++ compiler and (cuda) nvcc; about 4 minutes on 2 cores. Two calls at once wait for each other.
    Raises UsageError for an unknown backend, ToolchainError naming what is missing or what the build said.
    """
    if backend not in BACKENDS:
        raise UsageError(f"unknown backend {backend!r}", next_step=f"use one of {', '.join(BACKENDS)}")
    folder = cached(backend, cache)
    if _is_whole(folder, backend):
        return open_folder(folder)
    say = progress or _say_nothing
    check_build_tools(backend)
    with disk_errors(folder), _only_one(folder, say):
        if not _is_whole(folder, backend):  # another process may have built it while this one waited
            _build(backend, folder, say)
    return open_folder(folder)


def _say_nothing(_words: str, _share: float | None) -> None:
    pass


def check_build_tools(backend: str = "cpu") -> None:
    """Raise ToolchainError that says in one line which build tool is missing and how to get it."""
    missing = []
    if not shutil.which("cmake"):
        missing.append("cmake")
    if compiler() is None:
        missing.append("a C++ compiler")
    if missing:
        raise ToolchainError(f"{' and '.join(missing)} not found on PATH", next_step=_HOW)
    if backend == "cuda" and not shutil.which(os.environ.get("CUDACXX", "nvcc")):
        raise ToolchainError(
            "nvcc not found on PATH",
            next_step="install the CUDA toolkit and put its bin folder on PATH, or use --backend cpu",
        )
    if backend == "metal" and sys.platform != "darwin":
        raise ToolchainError("the metal backend needs macOS", next_step="use --backend cpu or --backend cuda")


def compiler() -> str | None:
    """The C++ compiler that cmake would find: CXX, else the usual names."""
    named = [os.environ["CXX"].split()[0]] if os.environ.get("CXX", "").strip() else []
    return next((name for name in [*named, "c++", "g++", "clang++"] if shutil.which(name)), None)


def _is_whole(folder: Path, backend: str) -> bool:
    """Finished, and built as a build would be made now."""
    return not missing_parts(folder) and read_stamp(folder).get("options") == build_options(backend)


def _build(backend: str, folder: Path, say: Progress) -> None:
    began = time.monotonic()
    partial = folder.with_name(f"{folder.name}.partial")
    log = folder.with_name(f"{folder.name}.log")
    log.unlink(missing_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory(prefix="build-", dir=folder.parent) as scratch:
            work = Path(scratch)
            say(f"fetching {source.REQUIREMENT} ({source.SDIST_BYTES / 1e6:.0f} MB)", None)
            archive = source.fetch(work, log)
            say("unpacking", None)
            tree = source.unpack(archive, work / "source")
            say("building llama.cpp", 0.0)
            _compile(tree / "vendor" / "llama.cpp", work / "build", backend, log, say)
            say("installing", None)
            _lay_out(tree, work / "build" / "bin", partial)
        _write_stamp(partial, backend, time.monotonic() - began)
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted or older install left
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def configure_arguments(backend: str) -> list[str]:
    """cmake's -D arguments: `build_options`, after the compiler flags that the environment asks for."""
    options = build_options(backend)
    for key, variable in (("CMAKE_C_FLAGS", "CFLAGS"), ("CMAKE_CXX_FLAGS", "CXXFLAGS")):
        options[key] = f"{os.environ.get(variable, '')} {options[key]}".strip()
    return [f"-D{key}={value}" for key, value in options.items()]


def build_options(backend: str) -> dict[str, str]:
    """How llama.cpp is built: no network code, no web page, libraries found beside the binaries.

    AMX kernels are left out: what GCC 12 makes of their tile set-up ends in a fault on processors that have AMX, and
    then no quantized file can be read in batches.
    """
    here = "@loader_path" if sys.platform == "darwin" else "$ORIGIN"
    return {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_C_FLAGS": _NO_AMX,
        "CMAKE_CXX_FLAGS": _NO_AMX,
        "BUILD_SHARED_LIBS": "ON",
        "CMAKE_BUILD_WITH_INSTALL_RPATH": "ON",
        "CMAKE_INSTALL_RPATH": here,
        "LLAMA_BUILD_COMMIT": PIN,  # else cmake asks git, which may answer for a repository around the cache
        "LLAMA_BUILD_NUMBER": "0",
        "LLAMA_BUILD_TESTS": "OFF",
        "LLAMA_BUILD_EXAMPLES": "OFF",
        "LLAMA_BUILD_APP": "OFF",
        "LLAMA_BUILD_UI": "OFF",
        "LLAMA_USE_PREBUILT_UI": "OFF",  # ON downloads a web page during the build
        "LLAMA_CURL": "OFF",
        "LLAMA_OPENSSL": "OFF",
        "GGML_NATIVE": "ON",
        "GGML_CUDA": "ON" if backend == "cuda" else "OFF",
        "GGML_METAL": "ON" if backend == "metal" else "OFF",
    }


def _compile(llama: Path, build: Path, backend: str, log: Path, say: Progress) -> None:
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    run_tool(
        ["cmake", "-S", llama, "-B", build, *generator, *configure_arguments(backend)],
        what="configuring llama.cpp",
        log=log,
        writes=build / "CMakeCache.txt",
    )

    def follow(line: str) -> None:
        if step := _STEP.match(line):
            share = int(step["percent"]) / 100 if step["percent"] else int(step["done"]) / int(step["all"])
            say("building llama.cpp", share)

    run_tool(
        ["cmake", "--build", build, "--config", "Release", "--parallel", str(_jobs()), "--target", *TOOLS],
        what="building llama.cpp",
        log=log,
        writes=build / "bin" / "llama-server",
        on_line=follow,
    )


def _jobs() -> int:
    import psutil

    return max(1, min(os.cpu_count() or 1, psutil.virtual_memory().available // _BYTES_PER_JOB))


def _lay_out(tree: Path, built: Path, into: Path) -> None:
    llama = tree / "vendor" / "llama.cpp"
    shutil.copytree(built, into / "bin", symlinks=True)
    for name in ("convert_hf_to_gguf.py", "LICENSE"):
        shutil.copy2(llama / name, into / name)
    shutil.copytree(llama / "conversion", into / "conversion")
    shutil.copytree(llama / "gguf-py" / "gguf", into / "gguf-py" / "gguf")
    shutil.copytree(llama / "models" / "templates", into / "models" / "templates")
    for name in VOCABULARIES:
        shutil.copy2(llama / "models" / f"ggml-vocab-{name}.gguf", into / "models")
    shutil.copytree(tree / "llama_cpp", into / "llama_cpp")
    # The upstream __init__ loads the whole high-level package; the ctypes layer alone needs an empty one.
    (into / "llama_cpp" / "__init__.py").write_text("", encoding="utf-8")
    shutil.copy2(tree / "LICENSE.md", into / "llama_cpp" / "LICENSE.md")


def _write_stamp(partial: Path, backend: str, seconds: float) -> None:
    if missing := missing_parts(partial):
        raise ToolchainError(f"the build lacks {', '.join(missing)}", next_step="run `medtune toolchain install` again")
    tools = {name: _first_line([name, "--version"]) for name in ("cmake", compiler() or "c++")}
    stamp = {
        "pin": PIN,
        "source_sha256": source.SDIST_SHA256,
        "backend": backend,
        "options": build_options(backend),
        "version": read_version(partial / "bin" / "llama-server"),
        "digest": binaries_digest(partial / "bin"),
        "cmake": tools.pop("cmake"),
        "compiler": next(iter(tools.values())),
        "machine": f"{platform.system()} {platform.machine()}",
        "size_bytes": sum(p.stat().st_size for p in partial.rglob("*") if p.is_file() and not p.is_symlink()),
        "seconds": round(seconds, 1),
    }
    write_json(partial / STAMP, stamp)


def read_stamp(folder: Path) -> dict[str, object]:
    """What `install` recorded about a build in medtune's layout; empty for any other folder."""
    try:
        value = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _first_line(argv: list[str]) -> str:
    return run_tool(argv, what=f"asking {argv[0]} for its version", timeout_s=60).stdout.partition("\n")[0].strip()


@contextlib.contextmanager
def _only_one(folder: Path, say: Progress) -> Iterator[None]:
    """Hold a file lock beside the folder; the system drops it when the holder dies."""
    import fcntl

    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another install of this backend is running; waiting for it", None)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
