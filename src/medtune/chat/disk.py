"""Room on a disk, looked at before something big is written."""

import shutil
from pathlib import Path

from medtune.core.errors import ResourceError

_SLACK_BYTES = 256 << 20


def check_free(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise ResourceError unless the disk under `folder` (which need not exist yet) has room for `what`."""
    at = folder
    while not at.exists():
        at = at.parent
    free = shutil.disk_usage(at).free
    if needed_bytes and free < needed_bytes + _SLACK_BYTES:
        raise ResourceError(
            f"too little disk for {what}: {needed_bytes / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free",
            where=str(folder),
            next_step="free some space, or set HF_HOME to a folder on a bigger disk",
        )
