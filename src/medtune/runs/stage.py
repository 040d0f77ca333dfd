"""The contract of a stage, and the folder that a running stage writes into."""

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from medtune.config.recipe import RecipeView
from medtune.core.hashing import digest_json
from medtune.core.io import append_jsonl, disk_errors, read_json, write_json
from medtune.runs.layout import EVENTS, MANIFEST, RESUME, RunDir
from medtune.runs.manifest import FileEntry, Manifest, entries_below, entry_of, read_manifest, write_manifest


class Stage(Protocol):
    """What every `stage.py` offers; the module itself satisfies this."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a constant of the module)
        """The stage's name."""

    @property
    def NEEDS(self) -> tuple[str, ...]:  # noqa: N802
        """Stages whose results it reads."""

    @property
    def READS(self) -> tuple[str, ...]:  # noqa: N802
        """Recipe keys that it may see."""

    @property
    def VERSION(self) -> int:  # noqa: N802
        """Raised when its output changes for the same input."""

    def plan(self, recipe: RecipeView, run: RunDir) -> list[str]:
        """What would happen, in words; touches nothing and imports nothing heavy."""

    def run(self, recipe: RecipeView, run: RunDir) -> Manifest:
        """Do it. Raises MedtuneError."""


@dataclass
class StageFolder:
    """An open `.partial` folder. Write files below `path`, then call `finish`."""

    run: RunDir
    stage: str
    version: int
    recipe: RecipeView
    inputs: dict[str, str]
    resumed: bool
    """True when a killed run's files of the same inputs lie in it already."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=monotonic)

    @property
    def path(self) -> Path:
        """Where the stage writes."""
        return self.run.partial(self.stage)

    def event(self, what: str, **values: Any) -> None:
        """Append one line to the run's events.jsonl; values must be JSON, never row text."""
        log_event(self.run, self.stage, what, **values)

    def finish(
        self,
        *,
        facts: dict[str, Any],
        externals: tuple[Path, ...] = (),
        warnings: tuple[str, ...] = (),
        tools: dict[str, str] | None = None,
        skip: tuple[str, ...] = (),
    ) -> Manifest:
        """Write the manifest last, then rename the folder into place. `skip` names what is not listed."""
        files = entries_below(self.path, (MANIFEST, RESUME, *skip))
        manifest = Manifest(
            stage=self.stage,
            version=self.version,
            reads=self.recipe.dump(),
            inputs=self.inputs,
            externals=external_entries(externals, self.run.path),
            files=files,
            facts=facts,
            warnings=warnings,
            tools=tools or {},
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(monotonic() - self.began, 3),
            digest="",
        )
        manifest = manifest.model_copy(update={"digest": manifest.compute_digest()})
        with disk_errors(self.path):
            manifest = write_manifest(self.path, manifest)
            (self.path / RESUME).unlink(missing_ok=True)
            self._put_in_place()
        self.event("finished", seconds=manifest.seconds, digest=manifest.digest)
        return manifest

    def _put_in_place(self) -> None:
        final = self.run.stage(self.stage)
        if final.exists():
            old = final.with_name(f"{final.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            final.rename(old)
            self.path.rename(final)
            shutil.rmtree(old, ignore_errors=True)
        else:
            self.path.rename(final)


def open_stage(
    run: RunDir,
    recipe: RecipeView,
    *,
    name: str,
    needs: tuple[str, ...],
    version: int,
    externals: tuple[Path, ...] = (),
    keeps: tuple[str, ...] = (),
) -> StageFolder:
    """Open the `.partial` folder of a stage.

    Files that a killed run left are kept when recipe view, inputs, version and external files are the same;
    else the folder is emptied, but for `keeps`: relative paths of files that say themselves what they are good for.
    Those are taken from the finished stage where no killed run left them. Raises RunDirError when a needed stage has
    not run.
    """
    inputs = {need: read_manifest(run, need).digest for need in needs}
    key = digest_json(
        {
            "stage": name,
            "version": version,
            "reads": recipe.dump(),
            "inputs": inputs,
            "externals": [entry.sha256 for entry in external_entries(externals)],
        }
    )
    partial = run.partial(name)
    resumed = (partial / RESUME).exists() and read_json(partial / RESUME) == {"key": key}
    if not resumed:
        _empty(partial, keeps)
        _bring(run.stage(name), partial, keeps)
        write_json(partial / RESUME, {"key": key})
    folder = StageFolder(run=run, stage=name, version=version, recipe=recipe, inputs=inputs, resumed=resumed)
    folder.event("resumed" if resumed else "started")
    return folder


def _empty(folder: Path, keeps: tuple[str, ...]) -> None:
    """Remove all files of a folder but some; the folder itself is there afterwards."""
    kept = {folder / name for name in keeps}
    if not any(path.is_file() for path in kept):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return
    for path in folder.rglob("*"):
        if not path.is_dir() and path not in kept:
            path.unlink()


def _bring(finished: Path, partial: Path, keeps: tuple[str, ...]) -> None:
    """Copy what a finished stage kept, whole or not at all."""
    for name in keeps:
        if (finished / name).is_file() and not (partial / name).exists():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            part = partial / f"{name}.part"
            shutil.copy(finished / name, part)
            part.replace(partial / name)


def external_entries(paths: tuple[Path, ...], run_folder: Path | None = None) -> tuple[FileEntry, ...]:
    """Entries of files outside the stages' folders, sorted; a folder stands for its list of files.

    Paths are absolute, but those at the top of the run directory are relative to it, so that a run can be moved.
    """
    top = run_folder.resolve() if run_folder else None
    resolved = sorted(path.resolve() for path in paths)
    return tuple(entry_of(path, path.name if path.parent == top else str(path)) for path in resolved)


def log_event(run: RunDir, stage: str, what: str, **values: Any) -> None:
    """Append one line to events.jsonl."""
    row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "stage": stage, "what": what, **values}
    append_jsonl(run.file(EVENTS), row)
