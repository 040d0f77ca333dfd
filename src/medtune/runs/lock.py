"""One run at a time in a run directory."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from medtune.core.errors import RunDirError
from medtune.runs.layout import LOCK, RunDir


@contextlib.contextmanager
def locked(run: RunDir) -> Iterator[None]:
    """Hold the run directory's lock; the system frees it when the process ends, however it ends.

    Raises RunDirError when another process holds it.
    """
    run.path.mkdir(parents=True, exist_ok=True)
    with run.file(LOCK).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise RunDirError(
                f"another medtune run (process {holder}) is working in this directory",
                where=str(run.path),
                next_step="wait for it to end, or give this run another name",
            ) from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def is_locked(run: RunDir) -> bool:
    """True while a process works in this run directory; touches nothing."""
    try:
        with run.file(LOCK).open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
