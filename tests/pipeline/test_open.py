"""Whose run directory is it? Nothing of another recipe, and nothing else, is ever overwritten."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medtune.core.errors import RunDirError
from medtune.pipeline import open_recipe, run_recipe
from medtune.runs.layout import STAGE_FOLDERS
from medtune.runs.stage import Stage

if TYPE_CHECKING:
    from conftest import Toys


def test_the_run_directory_of_another_recipe_is_refused(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    run = run_recipe(recipe, (), tmp_path / "runs").run
    shutil.copytree(run.path, tmp_path / "runs" / "other")
    with pytest.raises(RunDirError, match="belongs to the recipe 'small', not to 'other'"):
        run_recipe(recipe, ("name=other",), tmp_path / "runs")
    assert (tmp_path / "runs" / "other" / "report.html").exists()


def test_a_run_directory_is_no_folder_for_runs(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    run = run_recipe(recipe, (), tmp_path / "runs").run
    with pytest.raises(RunDirError) as caught:
        open_recipe(recipe, (), run.path)
    assert f"--runs {tmp_path / 'runs'}" in caught.value.next_step


def test_a_folder_with_something_else_is_left_alone(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "small").mkdir(parents=True)
    open_recipe(recipe, (), tmp_path / "runs")  # an empty folder may be used
    (tmp_path / "runs" / "small" / "thesis.docx").write_text("mine", encoding="utf-8")
    with pytest.raises(RunDirError, match=r"thesis\.docx"):
        open_recipe(recipe, (), tmp_path / "runs")


def test_files_where_folders_should_be(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(RunDirError, match="not a folder"):
        open_recipe(recipe, (), tmp_path / "file")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "small").write_text("x", encoding="utf-8")
    with pytest.raises(RunDirError, match="not a run directory"):
        open_recipe(recipe, (), tmp_path / "runs")


def test_the_real_table_holds_every_stage_in_order_and_needs_only_earlier_ones() -> None:
    from medtune.pipeline.stages import STAGES

    names = list(STAGES)
    assert names == list(STAGE_FOLDERS)
    for name, stage in STAGES.items():
        typed: Stage = stage
        assert name == typed.NAME and typed.VERSION >= 1
        assert all(names.index(need) < names.index(name) for need in typed.NEEDS)
    assert set(STAGES["report"].NEEDS) == set(names[:-1])
    assert STAGES["audit"].READS == ("audit", "task", "suites", "llama_cpp")
