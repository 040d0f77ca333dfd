"""What was made of what: so that a killed export goes on where it stopped, and an added quantization makes only itself.

`made.json` holds one entry for each finished artefact. Its key stands for everything that the artefact was made of:
source, type and toolchain. An artefact is taken over only when key, size and sha256 are all as they were.
"""

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import disk_errors, read_json, write_json

MADE = "made.json"


@dataclass(frozen=True)
class Made:
    """A finished file or folder; `sha256` of a folder is over its files' names and digests."""

    key: str
    sha256: str
    size_bytes: int
    seconds: float
    """Of its making, also when it was taken over."""
    warnings: tuple[str, ...] = ()


class Ledger:
    """The artefacts of a folder, and those of an earlier one that may be taken over."""

    def __init__(self, folder: Path, earlier: Path | None = None) -> None:
        self._folder, self._earlier = folder, earlier
        self._made = _read(folder)
        self._before = _read(earlier) if earlier else {}

    def find(self, name: str, key: str) -> Made | None:
        """The artefact `name` if it is there, or could be linked from the earlier folder; else None, and nothing lies
        under that name."""
        for folder, known in ((self._folder, self._made), (self._earlier, self._before)):
            made = known.get(name)
            if folder is None or made is None or made.key != key or not (folder / name).exists():
                continue
            if fingerprint(folder / name) != (made.size_bytes, made.sha256):
                continue
            if folder != self._folder:
                link_or_copy(folder / name, self._folder / name)
                self._write(name, made)
            return made
        _remove(self._folder / name)
        return None

    def record(self, name: str, key: str, seconds: float, warnings: tuple[str, ...] = ()) -> Made:
        """Note an artefact that lies finished in the folder."""
        size_bytes, sha256 = fingerprint(self._folder / name)
        made = Made(key=key, sha256=sha256, size_bytes=size_bytes, seconds=round(seconds, 3), warnings=warnings)
        self._write(name, made)
        return made

    def _write(self, name: str, made: Made) -> None:
        self._made[name] = made
        write_json(self._folder / MADE, {name: asdict(made) for name, made in self._made.items()})


def fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes and sha256 of a file, or of a folder's files with their names."""
    if path.is_file():
        return path.stat().st_size, sha256_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    digests = [[file.relative_to(path).as_posix(), sha256_file(file)] for file in files]
    return sum(file.stat().st_size for file in files), digest_json(digests)


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for a file or a folder's files; a copy where the file system cannot link. Whole or absent.

    Raises ResourceError when the disk is full.
    """
    partial = target.with_name(f"{target.name}.partial")
    with disk_errors(target):
        _remove(partial)
        try:
            if source.is_dir():
                shutil.copytree(source, partial, copy_function=_link_file)
            else:
                _link_file(source, partial)
            _remove(target)
            partial.rename(target)
        except BaseException:
            _remove(partial)
            raise


def _link_file(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _read(folder: Path) -> dict[str, Made]:
    try:
        values = read_json(folder / MADE)
        return {str(name): _made(value) for name, value in values.items()}
    except (DataError, TypeError, KeyError, AttributeError, ValueError):
        return {}  # no list, or one that cannot be read: everything is made again


def _made(value: dict[str, Any]) -> Made:
    return Made(
        key=str(value["key"]),
        sha256=str(value["sha256"]),
        size_bytes=int(value["size_bytes"]),
        seconds=float(value["seconds"]),
        warnings=tuple(str(warning) for warning in value["warnings"]),
    )
