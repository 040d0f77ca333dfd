"""Other programs: started in a process group of their own, ended with us, their last words in the error."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from medtune.core.errors import MedtuneError, ResourceError, ToolchainError

_TAIL_LINES = 20
_TAIL_BYTES = 16_384
_FULL_DISK_WORDS = ("No space left on device", "Disk quota exceeded", "os error 28", "[Errno 28]")
_FULL_DISK_BYTES = 1 << 20


@dataclass(frozen=True)
class CompletedTool:
    """What a tool that ended with exit code 0 wrote to stdout, the last lines of its stderr, and its wall time."""

    stdout: str
    stderr_tail: str
    seconds: float


class Child:
    """A running program; it dies with this process, however this process ends."""

    def __init__(self, process: "subprocess.Popen[bytes]", lifeline: int | None) -> None:
        self.process = process
        self._lifeline = lifeline

    @property
    def tool_pid(self) -> int | None:
        """Process id of the program itself (its guard is the parent), or None when it has ended."""
        import psutil

        if self.process.poll() is not None:
            return None
        if self._lifeline is None:
            return self.process.pid
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.Error:
            return None
        return children[0].pid if children else None

    def poll(self) -> int | None:
        """Exit code (negative: the signal that ended it), or None while it runs."""
        return self.process.poll()

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait for the end; returns the exit code. Raises subprocess.TimeoutExpired."""
        try:
            return self.process.wait(timeout_s)
        finally:
            if self.process.returncode is not None:
                self._let_go()

    def stop(self, grace_s: float = 5.0) -> None:
        """End it: SIGTERM, then SIGKILL to its group after `grace_s`. Safe to call again."""
        if self.process.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        if self.process.returncode is None or self.process.returncode == -9:
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self.process.wait()
        self._let_go()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._lifeline is None:
                self.process.send_signal(number)
            else:
                os.killpg(self.process.pid, number)

    def _let_go(self) -> None:
        if self._lifeline is not None:
            with contextlib.suppress(OSError):
                os.close(self._lifeline)
            self._lifeline = None


def start(
    argv: Sequence[str | Path],
    *,
    what: str,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Child:
    """Start a program in its own process group, without a terminal to read from.

    `env` is added to the current environment. Raises ToolchainError when the program does not exist.
    """
    program = shutil.which(str(argv[0]))
    if program is None:
        raise ToolchainError(
            f"{what}: the program {argv[0]} was not found or cannot be executed",
            next_step="install it, or run `medtune doctor` to see what is missing",
        )
    command = [program, *map(str, argv[1:])]
    environment = {**os.environ, **(env or {})}
    if os.name != "posix":
        return Child(
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment, cwd=cwd),
            None,
        )
    reader, writer = os.pipe()
    guard = [sys.executable, "-I", "-S", str(Path(__file__).with_name("_guard.py")), str(reader)]
    try:
        process = subprocess.Popen(
            guard + command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            cwd=cwd,
            pass_fds=(reader,),
            start_new_session=True,
        )
    except BaseException:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    return Child(process, writer)


def run_tool(
    argv: Sequence[str | Path],
    *,
    what: str,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    cwd: Path | None = None,
    writes: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> CompletedTool:
    """Run a tool to its end. `what` says in words what it does (it opens the error message).

    Its output goes to `log` (appended, both streams) line by line; `on_line` sees each line as well. `writes` is the
    file that it writes: tools often report a full disk as a plain failure, so the disk is looked at when one fails.
    Raises ToolchainError with the last log lines (missing program, exit code, time-out) or ResourceError (disk full).
    """
    began = time.monotonic()
    with _sink(log) as file:
        child = start(argv, what=what, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd)
        out = _Pump(child.process.stdout, file, on_line, keep=True)
        err = _Pump(child.process.stderr, file, on_line, keep=False)
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.stop()
            raise ToolchainError(
                f"{what}: no end after {timeout_s:.0f} s, so it was stopped", where=_where(log), next_step=_next(log)
            ) from None
        except BaseException:
            child.stop()
            raise
        finally:
            out.join()
            err.join()
    if code != 0:
        raise tool_failure(what, code, [*out.tail, *err.tail], log=log, writes=writes)
    return CompletedTool("".join(out.kept), "\n".join(err.tail), time.monotonic() - began)


def tool_failure(
    what: str, code: int, tail: Sequence[str], *, log: Path | None = None, writes: Path | None = None
) -> MedtuneError:
    """The error for a tool that ended with `code`: ResourceError when the disk is full, else ToolchainError."""
    said = "\n".join(tail)
    if any(words in said for words in _FULL_DISK_WORDS) or (writes is not None and _disk_is_full(writes)):
        return ResourceError(
            f"{what}: the disk is full",
            where=str(writes.parent) if writes else _where(log),
            next_step="free some space and run the same command again; finished stages and files are kept",
        )
    how = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    last = "".join(f"\n  | {line}" for line in tail[-_TAIL_LINES:])
    return ToolchainError(f"{what} failed ({how}){last}", where=_where(log), next_step=_next(log))


def log_tail(path: Path, lines: int = _TAIL_LINES) -> list[str]:
    """The last lines of a log file, undecodable bytes replaced; empty when there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]


class _Pump:
    """Reads one stream of a tool to its end in a thread, so that neither pipe can fill up and block it."""

    def __init__(
        self, stream: IO[bytes] | None, log: IO[bytes] | None, on_line: Callable[[str], None] | None, *, keep: bool
    ) -> None:
        assert stream is not None
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self.kept: list[str] = []
        self._stream, self._log, self._on_line, self._keep = stream, log, on_line, keep
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for raw in self._stream:
            line = raw.decode("utf-8", "replace")
            if self._keep:
                self.kept.append(line)
            if line.strip():
                self.tail.append(line.rstrip()[:500])
            if self._log is not None:
                with contextlib.suppress(OSError, ValueError):  # a log that cannot be written must not block the tool
                    self._log.write(raw)
                    self._log.flush()
            if self._on_line is not None:
                self._on_line(line.rstrip())

    def join(self) -> None:
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            self._stream.close()


@contextlib.contextmanager
def _sink(log: Path | None) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        yield file


def _disk_is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _FULL_DISK_BYTES
    except OSError:
        return False


def _where(log: Path | None) -> str | None:
    return str(log) if log else None


def _next(log: Path | None) -> str:
    return f"read {log}" if log else "mend what its last lines say and run the same command again"
