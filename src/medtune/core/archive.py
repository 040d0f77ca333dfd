"""Read the members of a .tar.* or .zip one after the other, or unpack a listed .tar; unsafe members are refused."""

import hashlib
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from medtune.core.errors import DataError
from medtune.core.io import disk_errors

ARCHIVE_SUFFIXES = (".tar.xz", ".tar.gz", ".tgz", ".tar", ".zip")
MEMBER_BYTES = 64 << 20
"""A member that unpacks to more is refused: no document is that large, but an archive bomb is."""


def is_archive(path: Path) -> bool:
    """Whether the file name is that of a readable archive."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def members(path: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each member whose name ends in `suffix`, in the order of the archive.

    Raises DataError for a damaged archive, and for one with links, devices, absolute or climbing paths or a member
    over MEMBER_BYTES, whatever its suffix: such an archive was not made from documents.
    """
    try:
        yield from _zip_members(path, suffix) if path.name.lower().endswith(".zip") else _tar_members(path, suffix)
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise DataError("file not found", where=str(path), next_step="check the path in the recipe") from error
        raise DataError(
            f"this archive is damaged or of another kind ({type(error).__name__})",
            where=str(path),
            next_step="fetch or pack it again; .tar.xz, .tar.gz, .tar and .zip can be read",
        ) from error


def unpack_listed(path: Path, into: Path, listed: Callable[[str], tuple[int, str] | None]) -> set[str]:
    """Unpack a plain .tar whose members are known before: `listed` gives size and sha256 of a name, or None.

    Returns the names that were written. Raises DataError for a damaged archive, a member that is not listed or differs,
    a link, a device, a name twice, or a path that leaves the folder; what was written until then
    is the caller's to remove.
    """
    written: set[str] = set()
    try:
        with tarfile.open(path, mode="r:") as archive, disk_errors(into):
            for member in archive:
                _check_name(member.name, path)
                if not member.isreg():
                    raise _unsafe("a link, a folder or a device", member.name, path)
                known, stream = listed(member.name), archive.extractfile(member)
                if known is None or member.name in written or stream is None:
                    raise _unsafe("a file that its own list does not name", member.name, path)
                if (member.size, _write(stream, into / member.name)) != known:
                    raise _unsafe("a file that is not the one in its own list", member.name, path)
                written.add(member.name)
    except (tarfile.TarError, EOFError) as error:
        raise DataError(
            f"this archive is damaged ({type(error).__name__})", where=str(path), next_step="copy or pack it again"
        ) from error
    return written


def read_first(path: Path, name: str) -> bytes:
    """The first member of a plain .tar, which must have this name. Raises DataError."""
    try:
        with tarfile.open(path, mode="r:") as archive:
            member = archive.next()
            stream = archive.extractfile(member) if member and member.name == name and member.isreg() else None
            if member is None or stream is None or member.size > MEMBER_BYTES:
                raise DataError(f"this archive does not begin with {name}", where=str(path), next_step="pack it again")
            return stream.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(
            "this is no archive, or a damaged one", where=str(path), next_step="check the path; copy or pack it again"
        ) from error


def _write(stream: IO[bytes], target: Path) -> str:
    """Write a stream to a file; returns its sha256."""
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while piece := stream.read(1 << 20):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _tar_members(path: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    # Not the streaming mode `r|*`: it takes the end of a cut .tar.xz for the end of the archive.
    with tarfile.open(path, mode="r:*") as archive:
        for member in archive:
            if member.isdir():
                _check_name(member.name, path)
                continue
            _check_member(member.name, member.isreg(), member.size, path)
            stream = archive.extractfile(member) if member.name.lower().endswith(suffix) else None
            if stream is not None:
                yield member.name, stream.read()


def _zip_members(path: Path, suffix: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir():
                _check_name(member.filename, path)
                continue
            if member.flag_bits & 0x1:
                raise DataError(
                    "this archive is encrypted",
                    where=f"{path}:{member.filename}",
                    next_step="pack it without a password",
                )
            kind = (
                member.external_attr >> 28
            )  # the upper bits of the Unix mode; 0 where none was stored, 8 a plain file
            _check_member(member.filename, kind in (0, 8), member.file_size, path)
            if member.filename.lower().endswith(suffix):
                with archive.open(member) as stream:
                    yield member.filename, _read_limited(stream, member.filename, path)


def _read_limited(stream: IO[bytes], name: str, path: Path) -> bytes:
    """A zip's directory may lie about sizes: never read past the limit."""
    data = stream.read(MEMBER_BYTES + 1)
    _check_member(name, True, len(data), path)
    return data


def _check_member(name: str, plain: bool, size_bytes: int, path: Path) -> None:
    _check_name(name, path)
    if not plain:
        raise _unsafe("a link or device", name, path)
    if size_bytes > MEMBER_BYTES:
        raise _unsafe(f"a member of {size_bytes / (1 << 20):.0f} MiB", name, path)


def _check_name(name: str, path: Path) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or name[1:2] == ":":
        raise _unsafe("a path that leaves the archive", name, path)


def _unsafe(what: str, name: str, path: Path) -> DataError:
    return DataError(
        f"this archive holds {what}, so nothing of it is read",
        where=f"{path}:{name}",
        next_step="unpack it somewhere safe, look at it, and name the folder of its XML files instead",
    )
