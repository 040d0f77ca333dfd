"""Weight files of the hub, streamed into its cache; a cut download goes on where it stopped, in a later command, too.

huggingface_hub resumes within one call only: since release 2 it deletes a partial file when the call fails.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medtune.core.console import Progress, progress
from medtune.core.errors import ModelError, ServerError
from medtune.core.hashing import sha256_file
from medtune.core.io import disk_errors
from medtune.core.net import Egress, client, server_errors

if TYPE_CHECKING:
    from medtune.core.net import HttpClient

_TIMEOUT_S = 60.0
_ATTEMPTS = 5
_PART_OK, _WHOLE_OK = 206, 200


@dataclass(frozen=True)
class WeightFile:
    """One file as the hub lists it."""

    name: str
    url: str
    size_bytes: int
    sha256: str


def fetch_weights(files: Iterable[WeightFile], snapshot: Path, egress: Egress, token: str | None) -> None:
    """Fetch what is missing of `files` into the cache that `snapshot` (`models--…/snapshots/COMMIT`) is part of.

    The token is sent to the hub alone, not to hosts that it redirects to. Raises EgressError, ServerError (what came is
    kept), ModelError (another sha256: nothing is kept) and ResourceError.
    """
    missing = [file for file in files if not (snapshot / file.name).exists()]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if not missing:
        return
    with (
        client(egress, timeout_s=_TIMEOUT_S, headers=headers, follow_redirects=True) as session,
        progress(sum(file.size_bytes for file in missing) >> 20, "fetching weights (MiB)") as bar,
    ):
        meter = _Meter(bar)
        for file in missing:
            blob = snapshot.parents[1] / "blobs" / file.sha256
            _fetch(session, file, blob, meter)
            meter.finish(file.size_bytes)
            _link(snapshot / file.name, blob)


class _Meter:
    """Moves a bar in whole MiB, forwards only, from the bytes that are there."""

    def __init__(self, bar: Progress) -> None:
        self._bar, self._finished, self._shown = bar, 0, 0

    def at(self, size_bytes: int) -> None:
        """So many bytes of the present file are there."""
        now = (self._finished + size_bytes) >> 20
        if now > self._shown:
            self._bar.advance(now - self._shown)
            self._shown = now

    def finish(self, size_bytes: int) -> None:
        """The present file is whole."""
        self._finished += size_bytes
        self.at(0)


def _fetch(session: "HttpClient", file: WeightFile, blob: Path, meter: _Meter) -> None:
    if blob.exists():
        return
    blob.parent.mkdir(parents=True, exist_ok=True)
    partial = blob.with_name(f"{blob.name}.partial")
    for attempt in range(1, _ATTEMPTS + 1):
        begin = _size(partial)
        if begin == file.size_bytes:
            break
        if begin > file.size_bytes:
            partial.unlink()
            begin = 0
        try:
            _stream(session, file, partial, begin, meter)
        except ServerError:
            if _size(partial) <= begin or attempt == _ATTEMPTS:
                raise
    if _size(partial) != file.size_bytes or sha256_file(partial) != file.sha256:
        partial.unlink()
        raise ModelError(
            f"{file.name} arrived damaged: its sha256 is not the one that the hub names",
            where=file.url,
            next_step="run the same command again; if it stays so, the mirror or a proxy changes the file",
        )
    partial.replace(blob)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _stream(session: "HttpClient", file: WeightFile, partial: Path, begin: int, meter: _Meter) -> None:
    keep = "run the same command again: what was fetched is kept"
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begin}-"} if begin else {})
    with (
        server_errors(file.url, next_step=keep),
        disk_errors(partial),
        session.stream("GET", file.url, headers=headers) as answer,
    ):
        if answer.status_code not in (_WHOLE_OK, _PART_OK):
            raise ServerError(f"the hub answered with status {answer.status_code}", where=file.url, next_step=keep)
        with partial.open("ab" if answer.status_code == _PART_OK else "wb") as out:
            for piece in answer.iter_raw():
                out.write(piece)
                meter.at(out.tell())


def _link(path: Path, blob: Path) -> None:
    """As huggingface_hub does: a link to the blob in the snapshot, or the blob itself where links are refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        try:
            path.symlink_to(os.path.relpath(blob, path.parent))
        except (NotImplementedError, PermissionError):
            blob.replace(path)
