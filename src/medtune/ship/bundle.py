"""Carry a release over an air gap: one plain .tar with a list of digests at its beginning, never any data.

In it: release/, recipe.yaml, suites/ of the site, base/ (unless it comes with medtune), toolchain/ (llama.cpp as it was
built here, and its source), wheels.txt, and wheels/ where a folder of them was named.
"""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from medtune.chat.base import TINY, BaseInfo, resolve_base
from medtune.config.load import load_recipe
from medtune.core.console import say
from medtune.core.errors import ModelError, UsageError
from medtune.core.hashing import sha256_bytes, sha256_file
from medtune.core.io import disk_errors, read_json
from medtune.llamacpp.source import SDIST, fetch
from medtune.llamacpp.toolchain import STAMP, find
from medtune.runs.layout import MANIFEST, PROVENANCE, RECIPE, RunDir
from medtune.runs.provenance import describe
from medtune.ship.verify import verify_release

LIST = "bundle.json"
ONE_RELEASE, SUITE = 1, 2
"""Versions of the list: what the archive holds."""
_MODEL_FILES = (".json", ".jinja", ".model", ".safetensors", ".txt", ".md")


def bundle(
    run: RunDir, target: Path, *, wheels: Path | None = None, toolchain: bool = True, source: bool = True
) -> Path:
    """Verify the run's release and pack it with all that it needs; `target` appears when it is whole.

    Raises DataError (the release differs), RunDirError, ToolchainError (source not to be had), ResourceError.
    """
    released = verify_release(run.path)
    _ = released.gguf  # nothing released: say so
    files = {RECIPE: run.file(RECIPE)} | dict(released_files(released.path, "release")) | dict(suite_files(run, ""))
    if base := base_of(run):
        files |= dict(base_files(base, "base"))
    head = {"bundle": ONE_RELEASE, "name": released.row.name}
    return pack(target, head, files, wheels=wheels, toolchain=toolchain, source=source)


def pack(
    target: Path, head: Mapping[str, Any], files: Mapping[str, Path], *, wheels: Path | None, toolchain: bool,
    source: bool,
) -> Path:  # fmt: skip
    """Write the list, then these files with llama.cpp and wheels; `target` appears when it is whole."""
    partial = target.with_name(f".{target.name}.partial")
    scratch = target.with_name(f".{target.name}.source")
    try:
        files = {**files, **(dict(_built()) if toolchain else {}), **(dict(_wheel_files(wheels)) if wheels else {})}
        if toolchain and source:
            scratch.mkdir(parents=True, exist_ok=True)
            files[f"toolchain/{SDIST}"] = fetch(scratch, scratch / "pip.log")
        texts = {"wheels.txt": "".join(f"{line}\n" for line in _wheels()).encode()}
        rows = {name: {"size_bytes": path.stat().st_size, "sha256": sha256_file(path)} for name, path in files.items()}
        rows |= {name: {"size_bytes": len(data), "sha256": sha256_bytes(data)} for name, data in texts.items()}
        whole = {**head, "machine": describe(), "links": _links() if toolchain else {}, "files": rows}
        with disk_errors(target), tarfile.open(partial, "w:", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, LIST, json.dumps(whole, indent=2, sort_keys=True).encode())
            for name, data in sorted(texts.items()):
                _add(archive, name, data)
            for name, path in sorted(files.items()):
                info = tarfile.TarInfo(name)
                info.size, info.mode = path.stat().st_size, 0o755 if path.stat().st_mode & 0o100 else 0o644
                with path.open("rb") as file:
                    archive.addfile(info, file)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)
    return target


# What is not named by one of these is not packed, data least of all. Each gives names in the archive and files.


def released_files(folder: Path, into: str) -> Iterator[tuple[str, Path]]:
    """A release folder without the run directory's own book-keeping."""
    for path in sorted(folder.iterdir()):
        if path.name != MANIFEST:
            yield f"{into}/{path.name}", path


def suite_files(run: RunDir, into: str) -> Iterator[tuple[str, Path]]:
    """Suite files of the site; those of medtune come with it."""
    for name in load_recipe(run.file(RECIPE)).suites.names:
        suite = _origin(run) / name
        if suite.suffix in (".yaml", ".yml") and suite.is_file():
            yield f"{into}suites/{suite.name}", suite


def base_of(run: RunDir) -> BaseInfo | None:
    """The base model, unless it is the tiny one, which comes with medtune, or is not here any more."""
    try:
        base = resolve_base(load_recipe(run.file(RECIPE)).base, lambda name: _origin(run) / Path(name).expanduser())
    except ModelError:
        say("  the base model is not here any more: it is left out")
        return None
    return None if base.name == TINY else base


def base_files(base: BaseInfo, into: str) -> Iterator[tuple[str, Path]]:
    """The files of a base model's folder."""
    for path in sorted(base.folder.iterdir()):
        if path.is_file() and path.suffix in _MODEL_FILES:
            yield f"{into}/{path.name}", path.resolve()


def _built() -> Iterator[tuple[str, Path]]:
    """llama.cpp as `medtune toolchain install` built it here; another one is the other side's own to bring."""
    folder = find().folder
    if (folder / STAMP).is_file():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                yield f"toolchain/built/{path.relative_to(folder).as_posix()}", path


def _wheel_files(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        raise UsageError("there is no such folder of wheels", where=str(folder), next_step="check the path")
    for path in sorted(folder.iterdir()):
        if path.suffix == ".whl":
            yield f"wheels/{path.name}", path


def _origin(run: RunDir) -> Path:
    """The folder that the recipe's paths are relative to."""
    return Path(str(read_json(run.file(PROVENANCE)).get("recipe_folder", ".")))


def _links() -> dict[str, str]:
    """Names beside llama.cpp's libraries that stand for another file of the same folder."""
    return {
        path.name: str(path.readlink())
        for path in sorted((find().folder / "bin").glob("*"))
        if path.is_symlink() and path.readlink().name == str(path.readlink())
    }


def _wheels() -> list[str]:
    """The packages that are installed here, as a requirements file pins them."""
    found = {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]}
    return [f"{name}=={version}" for name, version in sorted(found.items(), key=lambda pair: pair[0].lower())]


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    archive.addfile(info, io.BytesIO(data))
