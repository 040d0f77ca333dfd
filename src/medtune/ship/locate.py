"""Find what a person names: a release folder, a run directory, or a run by its name."""

from pathlib import Path

from medtune.core.console import say
from medtune.core.errors import RunDirError
from medtune.runs.layout import RECIPE, STAGE_FOLDERS, RunDir, is_suite_folder
from medtune.ship.suite import read_suite


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


def release_paths(name: str, runs_folder: Path) -> list[Path]:
    """The same, and for a suite the run of every model that was released; those that are missing are said.

    Raises RunDirError when there is nothing, or when nothing of a suite was released.
    """
    path = release_path(name, runs_folder)
    if not is_suite_folder(path):
        return [path]
    models = read_suite(path).models
    for model in models:
        if model.state != "released":
            say(f"{name}: {model.name} is {model.state}: {model.reason}")
    found = [path / model.name for model in models if model.state == "released"]
    if not found:
        raise RunDirError(
            "nothing of this suite was released", where=str(path), next_step="read the reports that its page links to"
        )
    return found


def run_dir(name: str, runs_folder: Path) -> RunDir:
    """The run directory that `name` stands for, also when its release folder was named. Raises RunDirError."""
    path = release_path(name, runs_folder).absolute()
    path = path.parent if path.name == STAGE_FOLDERS["release"] else path
    if not (path / RECIPE).is_file():
        raise RunDirError("this is no run directory", where=str(path), next_step="name a run; `medtune ls` lists them")
    return RunDir(path)
