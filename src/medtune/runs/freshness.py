"""Is a stage fresh, stale (with a reason) or missing? Sizes and times are compared, contents only in doubt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from medtune.config.recipe import RecipeView
from medtune.core.errors import MedtuneError
from medtune.core.hashing import sha256_file
from medtune.runs.layout import RunDir
from medtune.runs.manifest import FileEntry, Manifest, entry_of, read_manifest
from medtune.runs.stage import Stage


@dataclass(frozen=True)
class State:
    """State of a stage, with the reason when it must run."""

    kind: Literal["fresh", "stale", "missing"]
    reason: str = ""

    @property
    def fresh(self) -> bool:
        """True when the stage need not run."""
        return self.kind == "fresh"


FRESH = State("fresh")


def state_of(stage: Stage, recipe: RecipeView, run: RunDir) -> State:
    """Compare a stage's manifest with what it would read now. Never raises for a broken manifest: that is stale."""
    folder = run.stage(stage.NAME)
    if not folder.exists():
        return State("missing", "has not run yet")
    try:
        manifest = read_manifest(run, stage.NAME)
    except (MedtuneError, ValidationError):
        return State("stale", "its manifest cannot be read")
    reason = (
        _changed_version(stage, manifest)
        or _changed_recipe(recipe, manifest)
        or _changed_inputs(stage, run, manifest)
        or _changed_files(manifest.files, folder)
        or _changed_files(manifest.externals, run.path)
    )
    return State("stale", reason) if reason else FRESH


def _changed_version(stage: Stage, manifest: Manifest) -> str:
    return "" if manifest.version == stage.VERSION else f"made by version {manifest.version} of this stage"


def _changed_recipe(recipe: RecipeView, manifest: Manifest) -> str:
    now = recipe.dump()
    keys = [key for key in sorted(now.keys() | manifest.reads.keys()) if now.get(key) != manifest.reads.get(key)]
    return f"the recipe's {', '.join(keys)} changed" if keys else ""


def _changed_inputs(stage: Stage, run: RunDir, manifest: Manifest) -> str:
    for need in stage.NEEDS:
        try:
            digest = read_manifest(run, need).digest
        except (MedtuneError, ValidationError):
            return f"stage {need} is missing"
        if manifest.inputs.get(need) != digest:
            return f"stage {need} was run again with another result"
    return ""


def _changed_files(entries: tuple[FileEntry, ...], folder: Path) -> str:
    for entry in entries:
        path = folder / entry.path
        if path.is_dir():
            if entry_of(path, entry.path).sha256 != entry.sha256:
                return f"the files in {entry.path} are not the same ones"
            continue
        if not path.is_file():
            return f"{entry.path} is gone"
        stat = path.stat()
        if stat.st_size != entry.size_bytes:
            return f"{entry.path} was changed"
        # A copied run directory has new times: only then is the content read.
        if stat.st_mtime_ns != entry.mtime_ns and sha256_file(path) != entry.sha256:
            return f"{entry.path} was changed"
    return ""
