"""A stage's manifest: what it read, what it wrote, and one digest that stands for all of it."""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from medtune.core.errors import RunDirError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import read_json, write_json
from medtune.runs.layout import MANIFEST, RESUME, RunDir


class FileEntry(BaseModel):
    """One file: `path` is relative to the stage folder, or absolute for an external input."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: str
    size_bytes: int
    mtime_ns: int
    sha256: str


class Manifest(BaseModel):
    """Written last into a finished stage folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: str
    version: int
    reads: dict[str, Any]
    """The part of the recipe that the stage could see."""
    inputs: dict[str, str]
    """Digest of the manifest of each stage that it needed."""
    externals: tuple[FileEntry, ...]
    """Files outside the run directory that it read."""
    files: tuple[FileEntry, ...]
    facts: dict[str, Any]
    """What a reader wants to know at a glance; JSON values only."""
    warnings: tuple[str, ...]
    tools: dict[str, str]
    """Versions of what did the work."""
    started: str
    """UTC, ISO 8601."""
    seconds: float
    digest: str
    seal: str = ""
    """sha256 over all of the above, times and facts included: what `medtune verify` holds the file itself against."""

    def compute_seal(self) -> str:
        """Digest over every field but the seal."""
        return digest_json(self.model_dump(mode="json", exclude={"seal"}))

    def compute_digest(self) -> str:
        """Digest over what was read and written; times, facts and machine are left out."""
        return digest_json(
            {
                "stage": self.stage,
                "version": self.version,
                "reads": self.reads,
                "inputs": self.inputs,
                "externals": [entry.sha256 for entry in self.externals],
                "files": [[entry.path, entry.sha256] for entry in self.files],
            }
        )

    def file(self, path: str) -> FileEntry:
        """The entry of a file of this stage. Raises KeyError."""
        for entry in self.files:
            if entry.path == path:
                return entry
        raise KeyError(path)


def entry_of(path: Path, name: str, sha256: str | None = None) -> FileEntry:
    """Describe a file; it is hashed unless its digest is already known. A folder is described by its list of files."""
    stat = path.stat()
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        return FileEntry(path=name, size_bytes=len(names), mtime_ns=stat.st_mtime_ns, sha256=digest_json(names))
    return FileEntry(path=name, size_bytes=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=sha256 or sha256_file(path))


def entries_below(folder: Path, skip: tuple[str, ...] = (MANIFEST, RESUME)) -> tuple[FileEntry, ...]:
    """Every file below a folder, sorted by relative path. Folders named in `skip` are left out with all they hold."""
    entries = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in skip)
        for name in files:
            path = Path(root) / name
            relative = path.relative_to(folder).as_posix()
            if relative not in skip:
                entries.append(entry_of(path, relative))
    return tuple(sorted(entries, key=lambda entry: entry.path))


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write manifest.json into a stage folder, sealed; returns what was written."""
    sealed = manifest.model_copy(update={"seal": manifest.compute_seal()})
    write_json(folder / MANIFEST, sealed.model_dump(mode="json"))
    return sealed


def read_manifest(run: RunDir, stage: str) -> Manifest:
    """The manifest of a finished stage. Raises RunDirError when the stage has not run."""
    path = run.stage(stage) / MANIFEST
    if not path.exists():
        raise RunDirError(
            f"stage {stage} has not run here", where=str(run.path), next_step=f"`medtune run RECIPE --until {stage}`"
        )
    return Manifest.model_validate(read_json(path))
