"""Carry a release over an air gap: one plain .tar with a list of digests at its beginning, never any data.

In it: release/, recipe.yaml, suites/ of the site, base/ (unless it comes with medtune), toolchain/ (llama.cpp as it was
built here, and its source), wheels.txt, and wheels/ where a folder of them was named.
"""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import medtune
from medtune.chat.base import TINY, resolve_base
from medtune.config.load import load_recipe
from medtune.core.archive import read_first, unpack_listed
from medtune.core.console import say
from medtune.core.errors import DataError, ModelError, UsageError
from medtune.core.hashing import sha256_bytes, sha256_file
from medtune.core.io import disk_errors, read_json
from medtune.llamacpp.source import SDIST, fetch
from medtune.llamacpp.toolchain import STAMP, cached, find, missing_parts
from medtune.runs.layout import MANIFEST, PROVENANCE, RECIPE, RunDir
from medtune.runs.provenance import describe
from medtune.ship.folder import ReleaseFolder
from medtune.ship.verify import verify_release

LIST = "bundle.json"
_VERSION = 1
_MODEL_FILES = (".json", ".jinja", ".model", ".safetensors", ".txt", ".md")


@dataclass(frozen=True)
class Unbundled:
    """What an unbundling came to."""

    release: ReleaseFolder
    folder: Path
    toolchain: str
    """What became of llama.cpp, in words."""


def bundle(
    run: RunDir, target: Path, *, wheels: Path | None = None, toolchain: bool = True, source: bool = True
) -> Path:
    """Verify the run's release and pack it with all that it needs; `target` appears when it is whole.

    Raises DataError (the release differs), RunDirError, ToolchainError (source not to be had), ResourceError.
    """
    released = verify_release(run.path)
    _ = released.gguf  # nothing released: say so
    partial = target.with_name(f".{target.name}.partial")
    scratch = target.with_name(f".{target.name}.source")
    try:
        files = {RECIPE: run.file(RECIPE)} | dict(_released(released.path)) | dict(_suites(run)) | dict(_base(run))
        files |= dict(_built()) if toolchain else {}
        files |= dict(_wheel_files(wheels)) if wheels else {}
        if toolchain and source:
            scratch.mkdir(parents=True, exist_ok=True)
            files[f"toolchain/{SDIST}"] = fetch(scratch, scratch / "pip.log")
        texts = {"wheels.txt": "".join(f"{line}\n" for line in _wheels()).encode()}
        rows = {name: {"size_bytes": path.stat().st_size, "sha256": sha256_file(path)} for name, path in files.items()}
        rows |= {name: {"size_bytes": len(data), "sha256": sha256_bytes(data)} for name, data in texts.items()}
        head = {
            "bundle": _VERSION,
            "name": released.row.name,
            "machine": describe(),
            "links": _links() if toolchain else {},
            "files": rows,
        }
        with disk_errors(target), tarfile.open(partial, "w:", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, LIST, json.dumps(head, indent=2, sort_keys=True).encode())
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


def _released(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if path.name != MANIFEST:
            yield f"release/{path.name}", path


def _suites(run: RunDir) -> Iterator[tuple[str, Path]]:
    """Suite files of the site; those of medtune come with it."""
    for name in load_recipe(run.file(RECIPE)).suites.names:
        suite = _origin(run) / name
        if suite.suffix in (".yaml", ".yml") and suite.is_file():
            yield f"suites/{suite.name}", suite


def _base(run: RunDir) -> Iterator[tuple[str, Path]]:
    """The base model's folder; the tiny one comes with medtune."""
    try:
        base = resolve_base(load_recipe(run.file(RECIPE)).base, lambda name: _origin(run) / Path(name).expanduser())
    except ModelError:
        say("  the base model is not here any more: it is left out")
        return
    if base.name != TINY:
        for path in sorted(base.folder.iterdir()):
            if path.is_file() and path.suffix in _MODEL_FILES:
                yield f"base/{path.name}", path.resolve()


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


def unbundle(archive: Path, into: Path) -> Unbundled:
    """Check every byte, unpack, verify the release, and put llama.cpp in place where it is missing. No network.

    Raises DataError (damaged, a path that leaves the folder, anything that is not what the list says); then nothing
    is left of it.
    """
    if into.exists():
        raise UsageError("this folder is there already", where=str(into), next_step="name another one with --into")
    head = _head(archive)
    rows: dict[str, Any] = head["files"]
    partial = into.with_name(f".{into.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)

    def listed(name: str) -> tuple[int, str] | None:
        if name == LIST:
            data = read_first(archive, LIST)
            return len(data), sha256_bytes(data)
        return (rows[name]["size_bytes"], rows[name]["sha256"]) if name in rows else None

    try:
        partial.mkdir(parents=True)
        written = unpack_listed(archive, partial, listed)
        if missing := sorted(rows.keys() - written):
            raise DataError(f"{missing[0]} is missing", where=str(archive), next_step="copy or pack it again")
        verify_release(partial / "release")
        partial.rename(into)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Unbundled(verify_release(into / "release"), into, _install_toolchain(into, head))


def _head(archive: Path) -> dict[str, Any]:
    try:
        head = json.loads(read_first(archive, LIST))
        rows = {name: (int(row["size_bytes"]), str(row["sha256"])) for name, row in head["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{LIST} cannot be read", where=str(archive), next_step="get the bundle again") from error
    if head.get("bundle") != _VERSION or not rows:
        raise DataError(
            f"a bundle of version {head.get('bundle')}, known is {_VERSION}",
            where=str(archive),
            next_step=f"use the medtune that packed it (this is {medtune.__version__})",
        )
    return dict(head)


def _install_toolchain(folder: Path, head: dict[str, Any]) -> str:
    machine, links = head.get("machine", {}), head.get("links", {})
    built = folder / "toolchain" / "built"
    source = folder / "toolchain" / SDIST
    by_source = f"build it without a network: `MEDTUNE_LLAMA_CPP_SDIST={source} medtune toolchain install`"
    if not (built / STAMP).is_file():
        return by_source if source.is_file() else "no llama.cpp was packed"
    stamp = read_json(built / STAMP)
    target = cached(str(stamp.get("backend", "cpu")))
    if (target / STAMP).is_file() and not missing_parts(target):
        return "llama.cpp is here already"
    if machine.get("system") != describe()["system"]:
        return f"llama.cpp was built for {machine.get('system')}; {by_source}"
    for path in (built / "bin").iterdir():
        path.chmod(0o755)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(built, partial)
    for name, meant in links.items():
        if Path(name).name == name and Path(meant).name == meant and not (partial / "bin" / name).exists():
            (partial / "bin" / name).symlink_to(meant)
    partial.rename(target)
    return f"llama.cpp was put into {target}"
