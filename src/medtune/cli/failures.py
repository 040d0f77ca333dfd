"""What a person sees when a command fails: one message with the next step; a traceback goes to a file."""

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click

import medtune
from medtune.core.errors import EXIT_DONE, EXIT_FAILED, EXIT_USAGE, MedtuneError

EXIT_INTERRUPTED = 130
_PLAIN = (AttributeError, ImportError, MemoryError, NameError, NotImplementedError, OSError, RecursionError, TypeError)
"""Errors whose messages speak of code or machine; other messages may quote data and are left out of the file."""


def exit_code_of(error: BaseException) -> int:
    """Tell the person what happened, on stderr; returns the exit code."""
    if isinstance(error, MedtuneError):
        _print(f"medtune: {error}")
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        _print("\ninterrupted; the same command goes on from here")
        return EXIT_INTERRUPTED
    quiet = _quiet_end(error)
    return _unexpected(error) if quiet is None else quiet


def _quiet_end(error: BaseException) -> int | None:
    """Exit code of what is no failure of medtune: help was shown, a wrong option, a closed pipe. None for others."""
    match error:
        case SystemExit(code=int(code)) | click.exceptions.Exit(exit_code=code):
            return code
        case click.ClickException():
            error.show()
            return EXIT_USAGE
        case BrokenPipeError():
            # Whoever read our output has gone; the interpreter must not complain about it at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_DONE
    return None


def _unexpected(error: BaseException) -> int:
    from medtune.pipeline.crash import StageCrashError

    folder = error.run.path if isinstance(error, StageCrashError) else None
    where = f" in stage {error.stage}" if isinstance(error, StageCrashError) else ""
    cause = (error.__cause__ or error) if isinstance(error, StageCrashError) else error
    file = write_crash(cause, folder)
    _print(f"medtune: something unexpected happened{where} ({type(cause).__name__}); this is a mistake in medtune")
    if file is None:
        _print("  the traceback could not be written; set MEDTUNE_DEBUG=1 to see it here")
    else:
        _print(f"  where: {file}")
    _print("  next:  send that file with your report; it holds code lines and versions, no data of yours")
    if os.environ.get("MEDTUNE_DEBUG"):
        traceback.print_exception(cause)
    return EXIT_FAILED


def write_crash(error: BaseException, run_folder: Path | None) -> Path | None:
    """Write a traceback into the run directory, else into the cache; None when neither can be written."""
    now = datetime.now(UTC)
    head = f"medtune {medtune.__version__}, Python {sys.version.split()[0]}, {sys.platform}, {now.isoformat()}\n"
    text = head + "\n".join(_frames(error))
    for folder in (run_folder, _log_folder()):
        if folder is None:
            continue
        file = folder / f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return file
    return None


def _frames(error: BaseException) -> list[str]:
    """The chain of errors with code lines; messages that may quote data are replaced by a note."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        lines += [line.rstrip("\n") for line in traceback.format_tb(seen.__traceback__)]
        said = str(seen) if isinstance(seen, _PLAIN) else "message left out, since it may quote data (MEDTUNE_DEBUG=1)"
        lines += [f"{type(seen).__name__}: {said}", ""]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return lines


def _log_folder() -> Path:
    from medtune.llamacpp.toolchain import cache_folder

    return cache_folder() / "logs"


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
