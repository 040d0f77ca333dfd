"""Find llama.cpp: binaries, converter and libraries that belong together."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from medtune.core.errors import ToolchainError
from medtune.core.hashing import digest_json, sha256_file

PIN = "llama-cpp-python-0.3.36"
"""The source release that `medtune toolchain install` builds; its vendor/ folder is llama.cpp."""

BACKENDS = ("cpu", "cuda", "metal")
TOOLS = ("llama-server", "llama-quantize", "llama-imatrix", "llama-perplexity")
STAMP = "toolchain.json"

_INSTALL = "run `medtune toolchain install`"
_CONVERTER = "convert_hf_to_gguf.py"


@dataclass(frozen=True)
class Toolchain:
    """One llama.cpp: every path exists. `digest` names the binaries and libraries, `version` is what they print."""

    folder: Path
    server: Path
    quantize: Path
    imatrix: Path
    perplexity: Path
    convert_script: Path
    gguf_py: Path
    library: Path | None
    """libllama, for token log-likelihoods; None in a static build."""
    bindings: Path | None
    """Folder to put on sys.path for the ctypes layer `llama_cpp.llama_cpp`; None in a plain checkout."""
    models: Path | None
    """The vocabularies (`ggml-vocab-*.gguf`) and `templates/*.jinja` that come with the source."""
    version: str
    backend: str
    digest: str


def cache_folder(cache: Path | None = None) -> Path:
    """medtune's cache: `cache`, else MEDTUNE_CACHE, else XDG_CACHE_HOME/medtune, else ~/.cache/medtune."""
    if cache is not None:
        return cache.expanduser().resolve()
    if named := os.environ.get("MEDTUNE_CACHE"):
        return Path(named).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "medtune"


def cached(backend: str, cache: Path | None = None) -> Path:
    """Where the pinned build for a backend is, or would be."""
    return cache_folder(cache) / "llama.cpp" / f"{PIN}-{backend}"


def find(recipe_folder: str | None = None, *, cache: Path | None = None) -> Toolchain:
    """The llama.cpp to use: the recipe's folder, MEDTUNE_LLAMA_CPP, tools on PATH, medtune's cache (GPU builds first).

    A folder that was named must be whole. Tools on PATH count only when their converter is beside them, since files
    of another release would not fit. Raises ToolchainError saying what is missing.
    """
    for named, by in ((recipe_folder, "the recipe"), (os.environ.get("MEDTUNE_LLAMA_CPP"), "MEDTUNE_LLAMA_CPP")):
        if named:
            return open_folder(Path(named).expanduser().resolve(), named_by=by)
    on_path = shutil.which("llama-server")
    if on_path and (folder := _folder_of(Path(on_path).resolve())) and not missing_parts(folder):
        return open_folder(folder)
    for backend in reversed(BACKENDS):
        folder = cached(backend, cache)
        if (folder / STAMP).is_file() and not missing_parts(folder):
            return open_folder(folder)
    raise ToolchainError("llama.cpp was not found", where=str(cache_folder(cache)), next_step=_INSTALL)


def open_folder(folder: Path, *, named_by: str | None = None) -> Toolchain:
    """The toolchain of a folder: medtune's layout (bin/) or a checkout (build/bin/). Raises ToolchainError."""
    if missing := missing_parts(folder):
        by = f" (named by {named_by})" if named_by else ""
        raise ToolchainError(
            f"no whole llama.cpp in this folder{by}: {', '.join(missing)} missing",
            where=str(folder),
            next_step=f"build these targets there, or leave the folder out and {_INSTALL}",
        )
    binaries = _binaries(folder)
    assert binaries is not None
    stamp = _read_stamp(folder)
    suffix = _exe_suffix()
    return Toolchain(
        folder=folder,
        server=binaries / f"llama-server{suffix}",
        quantize=binaries / f"llama-quantize{suffix}",
        imatrix=binaries / f"llama-imatrix{suffix}",
        perplexity=binaries / f"llama-perplexity{suffix}",
        convert_script=folder / _CONVERTER,
        gguf_py=folder / "gguf-py",
        library=_first(binaries, ("libllama.so", "libllama.dylib", "llama.dll")),
        bindings=folder if (folder / "llama_cpp" / "llama_cpp.py").is_file() else None,
        models=folder / "models" if (folder / "models").is_dir() else None,
        version=stamp.get("version") or read_version(binaries / f"llama-server{suffix}"),
        backend=stamp.get("backend") or _guess_backend(binaries),
        digest=stamp.get("digest") or binaries_digest(binaries),
    )


def missing_parts(folder: Path) -> list[str]:
    """Names of what a folder lacks to be a toolchain; empty when it is whole."""
    binaries = _binaries(folder)
    missing = [name for name in TOOLS if binaries is None or not (binaries / f"{name}{_exe_suffix()}").is_file()]
    wanted = (_CONVERTER, "gguf-py/gguf/__init__.py")
    return missing + [name for name in wanted if not (folder / name).is_file()]


def read_version(server: Path) -> str:
    """What `llama-server --version` prints, on one line."""
    from medtune.core.proc import run_tool

    done = run_tool([server, "--version"], what="asking llama-server for its version", timeout_s=60)
    lines = [line for line in (done.stdout + done.stderr_tail).splitlines() if line.startswith(("version:", "built"))]
    return ", ".join(line.removeprefix("version:").strip() for line in lines) or "unknown"


def binaries_digest(binaries: Path) -> str:
    """Digest over the names and contents of the tools and their shared libraries; links are left out."""
    stats = tuple(
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(binaries.iterdir())
        if path.is_file() and not path.is_symlink() and _counts(path.name)
    )
    return _digest(binaries, stats)


@lru_cache(maxsize=8)
def _digest(binaries: Path, stats: tuple[tuple[str, int, int], ...]) -> str:
    return digest_json({name: sha256_file(binaries / name) for name, _, _ in stats})


def _counts(name: str) -> bool:
    library = name.startswith("lib") or name.endswith(".dll")
    return name.removesuffix(".exe") in TOOLS or (library and (".so" in name or name.endswith((".dylib", ".dll"))))


def _folder_of(server: Path) -> Path | None:
    for folder in (server.parent, server.parent.parent, server.parent.parent.parent):
        if (folder / _CONVERTER).is_file():
            return folder
    return None


def _binaries(folder: Path) -> Path | None:
    for name in ("bin", "build/bin", "."):
        if (folder / name / f"llama-server{_exe_suffix()}").is_file():
            return folder / name
    return None


def _read_stamp(folder: Path) -> dict[str, str]:
    try:
        value = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _guess_backend(binaries: Path) -> str:
    names = [path.name for path in binaries.glob("*ggml-*")]
    return next((name for name in ("cuda", "metal") if any(f"ggml-{name}" in file for file in names)), "cpu")


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).exists()), None)


def _exe_suffix() -> str:
    return ".exe" if sys.platform == "win32" else ""
