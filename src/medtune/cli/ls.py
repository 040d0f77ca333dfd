"""`medtune ls`: every run with its state, verdict and size."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from medtune.cli.options import example, runs_option

if TYPE_CHECKING:
    from medtune.runs.layout import RunDir


@click.command(epilog=example("medtune ls", "medtune ls --runs /data/runs"))
@runs_option
def ls(runs_folder: Path) -> None:
    """List the runs with state, verdict and size."""
    from medtune.cli.runs import known_runs, shown_name

    rows = [
        (shown_name(run, runs_folder), _state(run), _released(run), f"{_size_bytes(run) / 1e6:.0f} MB")
        for run in known_runs(runs_folder)
    ]
    if not rows:
        click.echo(f"no runs in {runs_folder}; start one with `medtune run RECIPE`", err=True)
        return
    titles = ("run", "state", "released", "size")
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]
    for row in [titles, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _state(run: "RunDir") -> str:
    """How far a run has come, from its folders alone."""
    from medtune.runs.layout import MANIFEST, STAGE_FOLDERS
    from medtune.runs.lock import is_locked

    done = [name for name in STAGE_FOLDERS if (run.stage(name) / MANIFEST).is_file()]
    begun = [name for name in STAGE_FOLDERS if run.partial(name).is_dir()]
    if is_locked(run):
        return f"running {begun[0]}" if begun else "running"
    if begun:
        return f"stopped in {begun[0]}"
    if len(done) == len(STAGE_FOLDERS):
        return "complete"
    return f"done until {done[-1]}" if done else "not begun"


def _released(run: "RunDir") -> str:
    from medtune.cli.runs import read_release
    from medtune.core.errors import MedtuneError

    try:
        release = read_release(run)
    except (MedtuneError, ValueError):
        return "unreadable"
    if release is None:
        return "-"
    return f"{release.released} ({release.verdict})" if release.released else "nothing passed"


def _size_bytes(run: "RunDir") -> int:
    """Bytes on disk; a file with several names counts once."""
    sizes = {}
    for path in run.path.rglob("*"):
        if path.is_file() and not path.is_symlink():
            stat = path.stat()
            sizes[(stat.st_dev, stat.st_ino)] = stat.st_size
    return sum(sizes.values())
