"""Find what a person names: a release folder, a run directory, or a run by its name."""

from pathlib import Path

from medtune.core.errors import RunDirError
from medtune.runs.layout import RECIPE, STAGE_FOLDERS, RunDir


def release_path(name: str, runs_folder: Path) -> Path:
    """The folder that `name` stands for. Raises RunDirError naming what was looked for."""
    for path in (Path(name), runs_folder / name):
        if path.is_dir():
            return path
    raise RunDirError(
        f"there is no folder and no run {name!r}",
        where=str(runs_folder.absolute()),
        next_step="name a release folder or a run; `medtune ls` lists the runs",
    )


def run_dir(name: str, runs_folder: Path) -> RunDir:
    """The run directory that `name` stands for, also when its release folder was named. Raises RunDirError."""
    path = release_path(name, runs_folder).absolute()
    path = path.parent if path.name == STAGE_FOLDERS["release"] else path
    if not (path / RECIPE).is_file():
        raise RunDirError("this is no run directory", where=str(path), next_step="name a run; `medtune ls` lists them")
    return RunDir(path)
