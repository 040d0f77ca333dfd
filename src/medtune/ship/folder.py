"""A release folder: what is in it, and what its own release.json says of it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from medtune.core.errors import RunDirError
from medtune.core.io import read_json
from medtune.runs.layout import MANIFEST, RECIPE, RELEASE, SHA256SUMS, SIGNATURE, STAGE_FOLDERS, RunDir
from medtune.runs.records.release import Release

BESIDE = (SHA256SUMS, MANIFEST, SIGNATURE)
"""Files that SHA256SUMS does not list: itself, the run directory's own book-keeping, the signature."""


@dataclass(frozen=True)
class ReleaseFolder:
    """A release on disk; `run` is the run directory that it still lies in, if it does."""

    path: Path
    row: Release
    run: RunDir | None

    @property
    def gguf(self) -> Path:
        """The released file. Raises RunDirError when nothing was released here."""
        if self.row.file is None:
            raise RunDirError(
                f"nothing was released here: {self.row.reason}",
                where=str(self.path),
                next_step="look at the report: only a build that passed its gate can be shipped",
            )
        return self.path / self.row.file


def open_release(path: Path) -> ReleaseFolder:
    """Find the release in a run directory, or open a release folder. Raises RunDirError when there is none."""
    inside = path / STAGE_FOLDERS["release"]
    folder = inside if inside.is_dir() else path
    if not (folder / RELEASE).is_file():
        raise RunDirError(
            f"there is no {RELEASE} here",
            where=str(path),
            next_step="name a release folder, or a run directory whose release stage has finished",
        )
    try:
        row = Release.model_validate(read_json(folder / RELEASE))
    except ValidationError as error:
        raise RunDirError(
            f"{RELEASE} is not what medtune writes: {error.errors()[0]['msg']}",
            where=str(folder / RELEASE),
            next_step="get the release again",
        ) from None
    return ReleaseFolder(folder, row, _run_around(folder))


def _run_around(folder: Path) -> RunDir | None:
    run = RunDir(folder.absolute().parent)
    named = folder.absolute().name == STAGE_FOLDERS["release"]
    return run if named and run.file(RECIPE).is_file() else None


def listed_files(folder: Path) -> list[str]:
    """Names that SHA256SUMS must list, sorted: everything below the folder but what stands beside it."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for name in names if name not in BESIDE)
