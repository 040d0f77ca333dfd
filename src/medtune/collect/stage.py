"""Stage collect: sources to records.jsonl and sources.json, readable by the owner only."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from medtune.collect.source import Desk, SourceInput
from medtune.collect.sources import SOURCES
from medtune.config.collect import CollectSection
from medtune.config.recipe import RecipeView
from medtune.core.console import say
from medtune.core.errors import DataError
from medtune.core.io import write_json
from medtune.core.net import Egress
from medtune.runs.layout import DISTILL, MANIFEST, RAW, RECORDS, REJECTED, UNACCEPTED, RunDir
from medtune.runs.layout import SOURCES as SOURCES_FILE
from medtune.runs.manifest import Manifest
from medtune.runs.records.base import row_writer, write_rows
from medtune.runs.records.collect import SourceFacts
from medtune.runs.stage import open_stage

NAME = "collect"
NEEDS: tuple[str, ...] = ()
READS: tuple[str, ...] = ("collect", "egress")
VERSION = 4

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be read; a missing file is said, not raised."""
    lines = []
    for section, given in sources_of(recipe):
        try:
            paths = SOURCES[section.kind].inputs(section, given)
        except DataError as error:
            lines.append(f"{given.name}: {error.what} ({error.where})")
            continue
        plan_kind, address = SOURCES[section.kind].plan, SOURCES[section.kind].address(section)
        if plan_kind is not None:
            lines += plan_kind(section, given, Egress(frozenset(recipe.egress)))
            continue
        if address is not None:
            lines.append(_network_line(section, given.name, address, recipe.egress))
            continue
        files = [path for path in paths if path.is_file()]
        size_mib = sum(path.stat().st_size for path in files) / (1 << 20)
        count = f"{len(files)} file" + ("s" if len(files) != 1 else "")
        lines.append(f"{given.name}: read {count}, {size_mib:.1f} MiB, from {given.path or 'medtune itself'}")
    return [*lines, f"write records and their sources to {run.stage(NAME).name} (readable by you only)"]


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Read every source. Raises DataError naming file and line of what cannot be read."""
    sources = sources_of(recipe)
    externals = tuple(
        sorted({path for section, given in sources for path in SOURCES[section.kind].inputs(section, given)})
    )
    keeps = tuple(f"{RAW}/{given.name}/{name}" for section, given in sources for name in SOURCES[section.kind].keeps)
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION, externals=externals, keeps=keeps)
    folder.path.chmod(_FOLDER_MODE)
    egress = Egress(frozenset(recipe.egress))
    facts: list[SourceFacts] = []
    warnings: list[str] = []
    desks: list[Desk] = []
    with row_writer(folder.path / RECORDS) as put, row_writer(folder.path / REJECTED) as refuse:
        for source, given in sources:
            desk = Desk(put=put, refuse=refuse, raw=folder.path / RAW / given.name, egress=egress)
            desks.append(desk)
            facts.append(SOURCES[source.kind].collect(source, given, desk))
            warnings += [f"{given.name}: {text}" for text in desk.told()]
            _tell(facts[-1])
    write_json(folder.path / SOURCES_FILE, [part.model_dump(mode="json") for part in facts])
    _write_distilled(folder.path, desks)
    _close(folder.path)
    manifest = folder.finish(
        facts={
            "records": sum(part.kept for part in facts),
            "rows": sum(part.rows for part in facts),
            "sources": {part.name: part.kept for part in facts},
        },
        externals=externals,
        warnings=tuple(warnings),
    )
    (run.stage(NAME) / MANIFEST).chmod(_FILE_MODE)
    return manifest


def _write_distilled(folder: Path, desks: list[Desk]) -> None:
    """What teachers did; no file in a run without one."""
    found = [desk.distilled for desk in desks if desk.distilled is not None]
    if found:
        write_json(folder / DISTILL, [part.model_dump(mode="json", exclude_none=True) for part in found])
        write_rows(folder / UNACCEPTED, (row for desk in desks for row in desk.unaccepted))


def _network_line(section: Any, name: str, address: str, egress: tuple[str, ...]) -> str:
    host = urlsplit(address).hostname or address
    limit = f"at most {section.limit} records" if section.limit else "all records that the query finds"
    allowed = "" if Egress(frozenset(egress)).allows(host) else f" (not allowed yet: add `{host}` to `egress:`)"
    return f"{name}: fetch {limit} from {host}{allowed}; its terms: {SOURCES[section.kind].terms}"


def _tell(facts: SourceFacts) -> None:
    dropped = ", ".join(f"{count} {reason}" for reason, count in facts.dropped.items())
    say(f"  {facts.name}: {facts.kept} of {facts.rows} rows kept" + (f" (dropped: {dropped})" if dropped else ""))


def sources_of(recipe: RecipeView) -> list[tuple[Any, SourceInput]]:
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
    for path in folder.rglob("*"):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
