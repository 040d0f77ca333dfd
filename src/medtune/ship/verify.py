"""Recompute everything that a release says of itself, and name the first thing that differs."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from medtune.core.errors import DataError, MedtuneError
from medtune.core.hashing import sha256_file
from medtune.core.io import read_json, read_text
from medtune.llamacpp.gguf_info import read_gguf
from medtune.release.facts import digests, read_facts
from medtune.runs.layout import CARD, MANIFEST, MODELFILE, RELEASE, SHA256SUMS, STAGE_FOLDERS, RunDir
from medtune.runs.manifest import FileEntry, Manifest, entry_of, read_manifest
from medtune.ship.folder import ReleaseFolder, listed_files, open_release


def verify_release(path: Path) -> ReleaseFolder:
    """Check every file of a release folder against SHA256SUMS, release.json, manifest.json and the GGUF's own head.

    Raises DataError naming the first thing that differs, RunDirError when there is no release.
    """
    folder = path / STAGE_FOLDERS["release"] if (path / STAGE_FOLDERS["release"]).is_dir() else path
    _check_sums(folder)
    found = open_release(folder)
    _check_row(found)
    if (folder / MANIFEST).is_file():
        _check_manifest(folder, STAGE_FOLDERS["release"])
    elif found.run is not None:
        raise differs(MANIFEST, "it was removed", folder)
    return found


def verify_run(run: RunDir) -> list[str]:
    """Re-hash every file of every finished stage and follow the digests to the data; returns what was not checked.

    Raises DataError naming the first thing that differs.
    """
    notes: list[str] = []
    known: dict[str, str] = {}
    for stage, name in STAGE_FOLDERS.items():
        folder = run.stage(stage)
        if not folder.is_dir():
            continue
        manifest = _check_manifest(folder, name)
        for entry in manifest.files:
            _check_entry(folder / entry.path, entry, f"{name}/{entry.path}")
        for need, digest in manifest.inputs.items():
            if known.get(need) != digest:
                raise differs(
                    f"{name}/{MANIFEST}", f"it was made from another {need} than the one that lies here", folder
                )
        notes += [_outside(run, entry, name) for entry in manifest.externals if not _is_here(run, entry, name)]
        known[stage] = manifest.digest
    if run.stage("release").is_dir():
        _check_origin(run)
    return notes


def differs(name: str, what: str, where: Path) -> DataError:
    """The error that names what differs."""
    return DataError(
        f"{name}: {what}",
        where=str(where),
        next_step="do not use this release; get it again from whoever made it, or run the release stage again",
    )


def _check_sums(folder: Path) -> None:
    if not folder.is_dir():
        raise DataError("there is no such folder", where=str(folder), next_step="check the path")
    path = folder / SHA256SUMS
    if not path.is_file():
        raise differs(SHA256SUMS, "it was removed", folder)
    written: dict[str, str] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not name or len(digest) != 64 or name in written:
            raise differs(SHA256SUMS, f"line {number} was changed: it is not one that medtune writes", folder)
        written[name] = digest
    names = listed_files(folder)
    if missing := sorted(written.keys() - set(names)):
        raise differs(missing[0], f"it was removed, or {SHA256SUMS} was changed", folder)
    if added := [name for name in names if name not in written]:
        raise differs(added[0], f"it was added: {SHA256SUMS} does not list it", folder)
    now = {}
    for name in names:
        if (folder / name).is_symlink():
            raise differs(name, "it is a link, and a release holds none", folder)
        now[name] = sha256_file(folder / name)
    for name in names:
        if now[name] != written[name]:
            other = next((one for one in names if written[one] == now[name] and one != name), None)
            swapped = f" (its bytes are those of {other})" if other else ""
            raise differs(name, f"its bytes are not the ones that {SHA256SUMS} names{swapped}", folder)
    if path.read_bytes() != "".join(f"{written[name]}  {name}\n" for name in names).encode():
        raise differs(SHA256SUMS, "it was changed: order or spaces are not those that medtune writes", folder)


def _check_row(found: ReleaseFolder) -> None:
    row, folder = found.row, found.path
    expected = {RELEASE, *row.files, *([row.file] if row.file else [])}
    names = set(listed_files(folder))
    if added := sorted(names - expected):
        raise differs(added[0], f"it was added: {RELEASE} does not name it", folder)
    if missing := sorted(expected - names):
        raise differs(missing[0], f"it was removed: {RELEASE} names it", folder)
    for name, digest in sorted(row.files.items()):
        if sha256_file(folder / name) != digest:
            raise differs(name, f"its sha256 is not the one in {RELEASE}", folder)
    if row.file is None:
        return
    if sha256_file(found.gguf) != row.sha256:
        raise differs(row.file, f"its sha256 is not the one in {RELEASE}", folder)
    if row.released and row.digests.get("builds", {}).get(row.released, row.sha256) != row.sha256:
        raise differs(RELEASE, "the released file is not the build that was audited", folder)
    if row.build and read_gguf(found.gguf).census != row.build.get("tensor_types"):
        raise differs(row.file, f"its tensors are not of the types in {RELEASE}", folder)
    for name in (MODELFILE, CARD):
        if row.sha256 and row.sha256 not in read_text(folder / name):
            raise differs(name, "it speaks of another GGUF", folder)


def _check_manifest(folder: Path, name: str) -> Manifest:
    path = folder / MANIFEST
    shown = f"{name}/{MANIFEST}"
    if not path.is_file():
        raise differs(shown, "it was removed", folder)
    try:
        manifest = Manifest.model_validate(read_json(path))
    except (MedtuneError, ValidationError) as error:
        raise differs(shown, "it was changed: it is no manifest any more", folder) from error
    if manifest.digest != manifest.compute_digest():
        raise differs(shown, "it was changed: its digest is not that of what it lists", folder)
    if manifest.seal:
        text = json.dumps(manifest.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        if manifest.seal != manifest.compute_seal() or path.read_bytes() != text.encode():
            raise differs(shown, "it was changed since it was written", folder)
    elif name == STAGE_FOLDERS["release"]:
        raise differs(shown, "it has no seal, so nobody could tell whether it was changed", folder)
    if name == STAGE_FOLDERS["release"]:
        entries = {entry.path: entry for entry in manifest.files}
        names = {*listed_files(folder), SHA256SUMS}
        if strange := sorted(names ^ entries.keys()):
            raise differs(strange[0], f"{MANIFEST} and the folder do not agree about it", folder)
        for entry in manifest.files:
            _check_entry(folder / entry.path, entry, entry.path)
    return manifest


def _check_entry(path: Path, entry: FileEntry, shown: str) -> None:
    if not path.exists():
        raise differs(shown, "it was removed", path.parent)
    if entry_of(path, entry.path).sha256 != entry.sha256:
        raise differs(shown, f"its sha256 is not the one that {MANIFEST} names", path.parent)


def _is_here(run: RunDir, entry: FileEntry, name: str) -> bool:
    """Whether a file outside the stages can be checked, and is the one that was read."""
    path = run.path / entry.path
    if not path.exists():
        return False
    if entry_of(path, entry.path).sha256 != entry.sha256 and path.parent == run.path:
        raise differs(entry.path, f"it was changed since {name} read it", run.path)
    return entry_of(path, entry.path).sha256 == entry.sha256


def _outside(run: RunDir, entry: FileEntry, name: str) -> str:
    gone = "is not here" if not (run.path / entry.path).exists() else "has changed"
    return f"{Path(entry.path).name}, which {name} read from outside the run, {gone}: it was not checked"


def _check_origin(run: RunDir) -> None:
    """release.json's digests against the run that it lies in, one after the other."""
    row = open_release(run.stage("release")).row
    base: dict[str, Any] = row.digests.get("base", {})
    now = digests(
        read_facts(run), base_name=base.get("name", ""), base_digest=base.get("digest", ""),
        task_digest=row.digests.get("task", ""),
    )  # fmt: skip
    for key in sorted(row.digests):
        if now.get(key) != row.digests[key]:
            raise differs(f"{RELEASE}, digests.{key}", "it is not what the run says now", run.stage("release"))
    for stage in row.digests.get("stages", {}):
        if read_manifest(run, stage).digest != row.digests["stages"][stage]:
            raise differs(f"{STAGE_FOLDERS[stage]}/{MANIFEST}", "the release was made from another one", run.path)
