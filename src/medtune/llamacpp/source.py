"""The pinned source: fetched by pip, checked against its digest before anything reads it, unpacked with care."""

import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from medtune.core.errors import ToolchainError
from medtune.core.hashing import sha256_file
from medtune.core.io import disk_errors
from medtune.core.proc import run_tool

REQUIREMENT = "llama-cpp-python==0.3.36"
SDIST = "llama_cpp_python-0.3.36.tar.gz"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
SDIST_BYTES = 76_589_250

_LLAMA = "vendor/llama.cpp/"
_UNUSED = (
    "tests",
    "docs",
    "media",
    "benches",
    "pocs",
    "examples",
    "app",
    "ci",
    "skills",
    "tools/ui/src",
    "tools/ui/tests",
)
_BINDINGS = ("llama_cpp/llama_cpp.py", "llama_cpp/_ctypes_extensions.py")


def fetch(into: Path, log: Path, *, expected_sha256: str = SDIST_SHA256) -> Path:
    """The source archive, from MEDTUNE_LLAMA_CPP_SDIST or through pip (so a mirror that pip knows is enough).

    Raises ToolchainError when it cannot be had or its sha256 is another one.
    """
    if named := os.environ.get("MEDTUNE_LLAMA_CPP_SDIST"):
        archive = Path(named).expanduser()
        if not archive.is_file():
            raise ToolchainError(
                "the source archive named by MEDTUNE_LLAMA_CPP_SDIST does not exist",
                where=str(archive),
                next_step="correct the path, or unset the variable to let pip fetch it",
            )
    else:
        archive = _download(into, log, expected_sha256)
    found = sha256_file(archive)
    if found != expected_sha256:
        raise ToolchainError(
            f"the source archive is not the pinned one: sha256 {found}, expected {expected_sha256}",
            where=str(archive),
            next_step=f"get {SDIST} of {REQUIREMENT} again, e.g. from another package mirror",
        )
    return archive


def _download(into: Path, log: Path, expected_sha256: str) -> Path:
    # The digest goes to pip as well: pip runs the archive's own build code to read its metadata, so it must be
    # checked before that. A requirements file is the only way to say it.
    with tempfile.NamedTemporaryFile("w", suffix=".txt", dir=into, encoding="utf-8") as requirements:
        requirements.write(f"{REQUIREMENT} --hash=sha256:{expected_sha256}\n")
        requirements.flush()
        argv = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps"]
        argv += ["--no-binary", "llama-cpp-python", "--dest", str(into), "--requirement", requirements.name]
        try:
            run_tool(argv, what=f"fetching {REQUIREMENT} with pip", log=log, timeout_s=1800, writes=into / SDIST)
        except ToolchainError as error:
            raise ToolchainError(
                error.what,
                where=error.where,
                next_step=f"check pip's access to a package index, or fetch {SDIST} elsewhere and set "
                "MEDTUNE_LLAMA_CPP_SDIST to that file",
            ) from error
    return into / SDIST


def unpack(archive: Path, into: Path) -> Path:
    """Unpack llama.cpp's source and the ctypes layer; returns the folder that holds `vendor/llama.cpp`.

    Only regular files below one top folder are written. Raises ToolchainError for a member that would land
    outside `into`, for links and devices where files are wanted, and for a damaged archive.
    """
    root = into.resolve()
    try:
        with tarfile.open(archive, "r:gz") as tar, disk_errors(into):
            for member in tar:
                _check_name(member.name, archive)
                relative = PurePosixPath(member.name).relative_to(PurePosixPath(member.name).parts[0])
                if not _wanted(str(relative)) or member.isdir():
                    continue
                if not member.isreg():
                    raise _unsafe(f"{member.name} is a link or a device", archive)
                target = root / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                assert source is not None
                with source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
                target.chmod(0o755 if member.mode & 0o100 else 0o644)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, tarfile.TarError) and error.errno is not None:
            raise
        raise ToolchainError(
            f"the source archive is damaged: {error}", where=str(archive), next_step="fetch it again"
        ) from error
    return root


def _check_name(name: str, archive: Path) -> None:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]:
        raise _unsafe(f"{name!r} would be written outside of its folder", archive)


def _unsafe(what: str, archive: Path) -> ToolchainError:
    return ToolchainError(f"refused to unpack: {what}", where=str(archive), next_step=f"fetch {SDIST} again")


def _wanted(relative: str) -> bool:
    if relative in _BINDINGS or relative == "LICENSE.md":
        return True
    if not relative.startswith(_LLAMA):
        return False
    inside = relative.removeprefix(_LLAMA)
    if inside.startswith("models/"):
        return inside.endswith((".gguf", ".jinja"))
    return not inside.startswith((".", *(f"{name}/" for name in _UNUSED)))
