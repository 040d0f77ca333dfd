"""One run at a time in a run directory, however the holder ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medtune.core.errors import RunDirError
from medtune.runs.layout import LOCK, RunDir
from medtune.runs.lock import is_locked, locked

HOLDER = """
import sys, time
from pathlib import Path
from medtune.runs.layout import RunDir
from medtune.runs.lock import locked
with locked(RunDir(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "small")
    with locked(run):
        assert is_locked(run)
        with pytest.raises(RunDirError, match=rf"process {os.getpid()}\b"), locked(run):
            raise AssertionError("the lock was given twice")
    assert not is_locked(run)
    with locked(run):
        assert is_locked(run)


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "small")
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(run.path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(RunDirError, match=f"process {holder.pid}"), locked(run):
            raise AssertionError("the lock was given twice")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with locked(run):
        assert run.file(LOCK).read_text(encoding="utf-8") == f"{os.getpid()}\n"


def test_looking_at_the_lock_touches_nothing(tmp_path: Path) -> None:
    assert not is_locked(RunDir(tmp_path / "none"))
    assert not (tmp_path / "none").exists()
