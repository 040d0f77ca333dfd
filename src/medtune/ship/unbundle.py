"""Unpack what `medtune bundle` packed: nothing is believed before it is checked, nothing is left when it differs."""

import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import medtune
from medtune.core.archive import read_first, unpack_listed
from medtune.core.errors import DataError, UsageError
from medtune.core.hashing import sha256_bytes
from medtune.core.io import read_json
from medtune.llamacpp.source import SDIST
from medtune.llamacpp.toolchain import STAMP, cached, missing_parts
from medtune.runs.layout import RELEASE, STAGE_FOLDERS, SUITE_RELEASE
from medtune.runs.provenance import describe
from medtune.ship.bundle import LIST, ONE_RELEASE, SUITE
from medtune.ship.folder import ReleaseFolder
from medtune.ship.suite import read_suite, verify_suite
from medtune.ship.verify import verify_release


@dataclass(frozen=True)
class Unbundled:
    """What an unbundling came to."""

    releases: tuple[ReleaseFolder, ...]
    """One, or those of a suite."""
    folder: Path
    toolchain: str
    """What became of llama.cpp, in words."""


def unbundle(archive: Path, into: Path) -> Unbundled:
    """Check every byte, unpack, verify the release, and put llama.cpp in place where it is missing. No network.

    A suite becomes a suite's folder, which `verify` and `ollama import` take. Raises DataError (damaged, a path that
    leaves the folder, anything that is not what the list says); then nothing is left of it.
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
        if head["bundle"] == SUITE:
            _check_suite(partial, rows, archive)
        else:
            verify_release(partial / "release")
        partial.rename(into)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if head["bundle"] == SUITE:
        found = [one for one in verify_suite(into) if one.row.file]
    else:
        found = [verify_release(into / "release")]
    return Unbundled(tuple(found), into, _install_toolchain(into, head))


def _check_suite(folder: Path, rows: Collection[str], archive: Path) -> None:
    """Everything is as it was written, and each release lies where a suite's folder has it."""
    for model in read_suite(folder).models:
        expected = f"{model.name}/{STAGE_FOLDERS['release']}/{RELEASE}"
        if model.release is not None and (model.release != expected or expected not in rows):
            raise DataError(
                f"{expected} is missing, which {SUITE_RELEASE} speaks of",
                where=str(archive),
                next_step="copy or pack it again",
            )
    verify_suite(folder)


def _head(archive: Path) -> dict[str, Any]:
    try:
        head = json.loads(read_first(archive, LIST))
        rows = {name: (int(row["size_bytes"]), str(row["sha256"])) for name, row in head["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{LIST} cannot be read", where=str(archive), next_step="get the bundle again") from error
    if head.get("bundle") not in (ONE_RELEASE, SUITE) or not rows:
        raise DataError(
            f"a bundle of version {head.get('bundle')}, known are {ONE_RELEASE} and {SUITE}",
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
