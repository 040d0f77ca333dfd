"""A recipe and the run directory that belongs to it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from medtune.config.load import load_recipe
from medtune.config.recipe import Recipe, RecipeView
from medtune.core.errors import RunDirError
from medtune.core.io import write_text
from medtune.runs.layout import LOCK, PROVENANCE, RECIPE, RUNS_FOLDER, STAGE_FOLDERS, RunDir
from medtune.runs.stage import Stage


@dataclass(frozen=True)
class OpenRecipe:
    """A checked recipe, the folder that its relative paths start from, and its run directory."""

    recipe: Recipe
    folder: Path
    run: RunDir

    def view(self, stage: Stage) -> RecipeView:
        """The recipe as a stage may see it."""
        return RecipeView(self.recipe, stage.READS, self.folder)

    def whole(self) -> RecipeView:
        """The whole recipe, for what looks at a run from outside of its stages."""
        return RecipeView(self.recipe, tuple(Recipe.model_fields), self.folder)


def read_recipe(path: Path, overrides: tuple[str, ...] = (), runs_folder: Path = RUNS_FOLDER) -> OpenRecipe:
    """Read a recipe and say where its run directory would be; the directory itself is not looked at.

    The recipe.yaml of a run directory can be read again: its paths still start where the original recipe lay.
    Raises RecipeError and DataError.
    """
    recipe = load_recipe(path, overrides)
    folder = _origin(path) or path.absolute().parent
    return OpenRecipe(recipe, folder, RunDir((runs_folder / recipe.name).absolute()))


def open_recipe(path: Path, overrides: tuple[str, ...] = (), runs_folder: Path = RUNS_FOLDER) -> OpenRecipe:
    """Read a recipe and check its run directory; touches nothing.

    Raises RecipeError, DataError, and RunDirError when the directory belongs to another recipe.
    """
    opened = read_recipe(path, overrides, runs_folder)
    _check_runs_folder(runs_folder)
    _check_owner(opened.run, opened.recipe.name)
    return opened


def write_recipe(opened: OpenRecipe) -> None:
    """Write the resolved recipe, overrides and defaults included, unless it stands there already."""
    values = opened.recipe.model_dump(mode="json")
    text = (
        "# The recipe of this run with its defaults and overrides; relative paths start at the folder that\n"
        f"# {PROVENANCE} names. `medtune run` of this file continues the run.\n"
        + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)
    )
    file = opened.run.file(RECIPE)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        write_text(file, text)


def recipe_name_of(run: RunDir) -> str | None:
    """The name in a run directory's recipe.yaml; None when there is no such file or it holds none."""
    try:
        values: Any = yaml.safe_load(run.file(RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return str(values["name"]) if isinstance(values, dict) and "name" in values else None


def is_run(run: RunDir) -> bool:
    """True for a folder that a run has worked in."""
    names = [name for stage in STAGE_FOLDERS.values() for name in (stage, f"{stage}.partial")]
    return run.file(RECIPE).is_file() or any((run.path / name).is_dir() for name in names)


def _origin(path: Path) -> Path | None:
    """The folder of the original recipe when `path` is the copy in a run directory."""
    provenance = path.with_name(PROVENANCE)
    if path.name != RECIPE or not provenance.is_file():
        return None
    try:
        return Path(json.loads(provenance.read_text(encoding="utf-8"))["recipe_folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check_runs_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise RunDirError("this is a file, not a folder for runs", where=str(folder), next_step="name a folder")
    if folder.is_dir() and is_run(RunDir(folder)):
        raise RunDirError(
            "this is a run directory itself, not the folder that holds runs",
            where=str(folder),
            next_step=f"use --runs {folder.parent}",
        )


def _check_owner(run: RunDir, name: str) -> None:
    if not run.path.exists():
        return
    if not run.path.is_dir():
        raise RunDirError("this is a file, not a run directory", where=str(run.path), next_step="move it away")
    owner = recipe_name_of(run)
    if owner is not None and owner != name:
        raise RunDirError(
            f"this run directory belongs to the recipe {owner!r}, not to {name!r}",
            where=str(run.path),
            next_step=f"rename the folder to {owner}, or use another folder with --runs",
        )
    strange = [path.name for path in run.path.iterdir() if path.name != LOCK]
    if owner is None and strange and not is_run(run):
        raise RunDirError(
            f"this folder holds something else than a run ({sorted(strange)[0]}, …)",
            where=str(run.path),
            next_step="move it away, or use another folder with --runs",
        )
