"""Stage collect: sources to records.jsonl and sources.json, readable by the owner only."""

from pathlib import Path
from typing import Any

from medtune.collect.source import SourceInput
from medtune.collect.sources import SOURCES
from medtune.config.collect import CollectSection
from medtune.config.recipe import RecipeView
from medtune.core.console import say
from medtune.core.errors import DataError
from medtune.core.io import write_json
from medtune.runs.layout import MANIFEST, RECORDS, RunDir
from medtune.runs.layout import SOURCES as SOURCES_FILE
from medtune.runs.manifest import Manifest
from medtune.runs.records.base import write_rows
from medtune.runs.stage import open_stage

NAME = "collect"
NEEDS: tuple[str, ...] = ()
READS: tuple[str, ...] = ("collect",)
VERSION = 1

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be read; a missing file is said, not raised."""
    lines = []
    for section, given in _sources(recipe):
        try:
            paths = SOURCES[section.kind].inputs(section, given)
        except DataError as error:
            lines.append(f"{given.name}: {error.what} ({error.where})")
            continue
        files = [path for path in paths if path.is_file()]
        size_mib = sum(path.stat().st_size for path in files) / (1 << 20)
        count = f"{len(files)} file" + ("s" if len(files) != 1 else "")
        lines.append(f"{given.name}: read {count}, {size_mib:.1f} MiB, from {given.path or 'medtune itself'}")
    return [*lines, f"write records and their sources to {run.stage(NAME).name} (readable by you only)"]


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Read every source. Raises DataError naming file and line of what cannot be read."""
    sources = _sources(recipe)
    externals = tuple(
        sorted({path for section, given in sources for path in SOURCES[section.kind].inputs(section, given)})
    )
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION, externals=externals)
    folder.path.chmod(_FOLDER_MODE)
    collected = [SOURCES[section.kind].collect(section, given) for section, given in sources]
    for part in collected:
        facts = part.facts
        dropped = ", ".join(f"{count} {reason}" for reason, count in facts.dropped.items())
        say(f"  {facts.name}: {facts.kept} of {facts.rows} rows kept" + (f" (dropped: {dropped})" if dropped else ""))
    records = [record for part in collected for record in part.records]
    write_rows(folder.path / RECORDS, records)
    write_json(folder.path / SOURCES_FILE, [part.facts.model_dump(mode="json") for part in collected])
    _close(folder.path)
    manifest = folder.finish(
        facts={
            "records": len(records),
            "rows": sum(part.facts.rows for part in collected),
            "sources": {part.facts.name: part.facts.kept for part in collected},
        },
        externals=externals,
        warnings=tuple(f"{part.facts.name}: {text}" for part in collected for text in part.warnings),
    )
    (run.stage(NAME) / MANIFEST).chmod(_FILE_MODE)
    return manifest


def _sources(recipe: RecipeView) -> list[tuple[Any, SourceInput]]:
    """Each source of the recipe with its resolved path and a name of its own."""
    section: CollectSection = recipe.collect
    found: list[tuple[Any, SourceInput]] = []
    taken: set[str] = set()
    for source in section.sources:
        path = recipe.resolve(source.path) if source.path is not None else None
        wanted = getattr(source, "name", None) or (path.stem if path and source.kind == "files" else source.kind)
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name)
        found.append((source, SourceInput(path=path, name=name)))
    return found


def _close(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(_FILE_MODE)
