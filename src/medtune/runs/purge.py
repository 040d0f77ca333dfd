"""Remove what holds the text of records from a run directory; what was counted and decided stays."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import MedtuneError
from medtune.runs.layout import CASES, GRADES, RAW, RECORDS, RESPONSES, SOURCES, TEST, TRAIN, VALIDATION, RunDir
from medtune.runs.records.base import read_row_list
from medtune.runs.records.collect import SourceFacts
from medtune.runs.stage import log_event

_ALWAYS = {"collect": (RECORDS, RAW), "prepare": (TRAIN, VALIDATION, TEST)}
_IF_PRIVATE = {"ask": (CASES, RESPONSES), "audit": (GRADES,)}


@dataclass(frozen=True)
class Purged:
    """What a purge removes: paths relative to the run directory, sorted."""

    paths: tuple[str, ...]
    size_bytes: int
    private: bool
    """True when a source is not public, or no one can tell: then answers are removed, too."""


def plan_purge(run: RunDir) -> Purged:
    """What would be removed; touches nothing."""
    private = not _all_public(run)
    found = sorted(set(_paths(run, private)))
    size = sum(file.stat().st_size for path in found for file in _files(path))
    return Purged(tuple(path.relative_to(run.path).as_posix() for path in found), size, private)


def purge(run: RunDir) -> Purged:
    """Remove it, and write into events.jsonl that it was removed.

    Unfinished folders of collect, prepare, ask and audit go whole. Files are unlinked, not overwritten.
    """
    planned = plan_purge(run)
    for name in planned.paths:
        path = run.path / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    log_event(run, "purge", "purged", paths=list(planned.paths), size_bytes=planned.size_bytes, private=planned.private)
    return planned


def _paths(run: RunDir, private: bool) -> Iterator[Path]:
    wanted = {**_ALWAYS, **(_IF_PRIVATE if private else {})}
    for stage, names in wanted.items():
        folder = run.stage(stage)
        for path in (*(folder / name for name in names), run.partial(stage), folder.with_name(f"{folder.name}.old")):
            if path.exists():
                yield path


def _files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else iter((path,))


def _all_public(run: RunDir) -> bool:
    """Whether every source is public and no test question is a site's own; in doubt it is not."""
    try:
        sources = read_row_list(run.stage("collect") / SOURCES, SourceFacts)
    except (MedtuneError, OSError):
        return False
    return bool(sources) and all(source.public for source in sources) and not _has_gold(run)


def _has_gold(run: RunDir) -> bool:
    from medtune.runs.manifest import read_manifest

    try:
        prepare = read_manifest(run, "prepare").reads.get("prepare", {})
    except (MedtuneError, ValueError):
        return run.stage("prepare").exists()
    return bool(prepare.get("test_file"))
