"""The raw pages of one source on disk: files as they came, and a ledger with a line for each.

A line is written after its file stands under its final name, so a killed run leaves at most one page to ask again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import append_jsonl, disk_errors, read_jsonl_prefix

LEDGER = "pages.jsonl"
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700


@dataclass(frozen=True)
class Page:
    """One page of a snapshot."""

    name: str
    path: Path
    status: int
    headers: dict[str, str]
    """Names in lower case; only those that a source asked to keep."""
    retrieved: str
    sha256: str

    @property
    def body(self) -> bytes:
        """The page's bytes as they came."""
        return self.path.read_bytes()


class Snapshot:
    """A folder of pages; opened again, it knows what a killed run fetched."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_FOLDER_MODE)
        self.folder = folder
        for unfinished in folder.glob("*.part"):
            unfinished.unlink()
        self._pages = {row["name"]: row for row in read_jsonl_prefix(folder / LEDGER)}

    def find(self, name: str, request: dict[str, Any]) -> Page | None:
        """The page of that name when it was fetched whole by the same request, else None."""
        row = self._pages.get(name)
        if row is None or row["request"] != request:
            return None
        path = self.folder / row["file"]
        if not path.is_file() or path.stat().st_size != row["size_bytes"]:
            return None
        return _page(self.folder, row)

    def add(self, name: str, part: Path, request: dict[str, Any], status: int, headers: dict[str, str]) -> Page:
        """Put a fetched file in place. `request` is kept and must hold no key."""
        path = self.folder / name
        with disk_errors(path):
            part.chmod(_FILE_MODE)
            part.replace(path)
            row = {
                "name": name,
                "file": path.name,
                "size_bytes": path.stat().st_size,
                "sha256": sha256_file(path),
                "request": request,
                "status": status,
                "headers": headers,
                "retrieved": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            append_jsonl(self.folder / LEDGER, row)
            (self.folder / LEDGER).chmod(_FILE_MODE)
        self._pages[name] = row
        return _page(self.folder, row)

    def digest(self) -> str:
        """sha256 over the names and digests of all pages, sorted."""
        return digest_json(sorted([name, row["sha256"]] for name, row in self._pages.items()))

    def retrieved(self) -> str:
        """Date (UTC) of the youngest page, ISO 8601; empty without pages."""
        return max((str(row["retrieved"])[:10] for row in self._pages.values()), default="")


def _page(folder: Path, row: dict[str, Any]) -> Page:
    return Page(
        name=row["name"],
        path=folder / row["file"],
        status=row["status"],
        headers=dict(row["headers"]),
        retrieved=row["retrieved"],
        sha256=row["sha256"],
    )
