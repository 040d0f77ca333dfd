"""Stage folders: whole or absent, resumed only for the same inputs; manifests and freshness."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from medtune.config.load import check
from medtune.config.recipe import RecipeView
from medtune.core.errors import RunDirError
from medtune.core.io import read_json, read_jsonl
from medtune.runs.freshness import state_of
from medtune.runs.layout import EVENTS, MANIFEST, RESUME, RunDir
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.stage import Stage, open_stage


def view(folder: Path, reads: tuple[str, ...] = ("collect",), **changes: Any) -> RecipeView:
    values = {"name": "small", "collect": {"sources": [{"kind": "medquad"}]}, **changes}
    return RecipeView(check(values, {}, "test"), reads, folder)


def toy(name: str = "collect", needs: tuple[str, ...] = (), version: int = 1) -> Stage:
    return cast(Stage, SimpleNamespace(NAME=name, NEEDS=needs, READS=("collect",), VERSION=version))


def finish(run: RunDir, recipe: RecipeView, text: str = "x", **more: Any) -> Manifest:
    stage = toy(**{key: more.pop(key) for key in ("name", "needs", "version") if key in more})
    folder = open_stage(
        run, recipe, name=stage.NAME, needs=stage.NEEDS, version=stage.VERSION, externals=more.get("externals", ())
    )
    (folder.path / "data.txt").write_text(text, encoding="utf-8")
    return folder.finish(facts={"rows": 1}, **more)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    folder = tmp_path / "runs" / "small"
    folder.mkdir(parents=True)
    return RunDir(folder)


def test_a_stage_is_missing_then_fresh(run: RunDir, tmp_path: Path) -> None:
    recipe = view(tmp_path)
    assert state_of(toy(), recipe, run).kind == "missing"
    written = finish(run, recipe)
    assert state_of(toy(), recipe, run).fresh
    assert read_manifest(run, "collect") == written
    assert not run.partial("collect").exists()
    assert [row["what"] for _, row in read_jsonl(run.file(EVENTS))] == ["started", "finished"]


def test_an_unfinished_folder_is_never_taken_for_a_finished_one(run: RunDir, tmp_path: Path) -> None:
    open_stage(run, view(tmp_path), name="collect", needs=(), version=1)
    assert run.partial("collect").is_dir()
    assert state_of(toy(), view(tmp_path), run).kind == "missing"
    with pytest.raises(RunDirError, match="has not run"):
        read_manifest(run, "collect")


def test_a_killed_stage_keeps_its_files_only_for_the_same_inputs(run: RunDir, tmp_path: Path) -> None:
    folder = open_stage(run, view(tmp_path), name="collect", needs=(), version=1)
    assert not folder.resumed
    (folder.path / "half.txt").write_text("half", encoding="utf-8")
    assert open_stage(run, view(tmp_path), name="collect", needs=(), version=1).resumed
    assert (run.partial("collect") / "half.txt").exists()
    for other in (
        open_stage(run, view(tmp_path), name="collect", needs=(), version=2),
        open_stage(run, view(tmp_path, reads=("collect", "seed")), name="collect", needs=(), version=2),
    ):
        assert not other.resumed
        assert [path.name for path in other.path.iterdir()] == [RESUME]


def test_each_reason_to_run_again_is_said(run: RunDir, tmp_path: Path) -> None:
    recipe = view(tmp_path)
    outside = tmp_path / "input.csv"
    outside.write_text("a", encoding="utf-8")
    finish(run, recipe, externals=(outside,))

    changed = view(tmp_path, collect={"sources": [{"kind": "medquad", "limit": 3}]})
    assert state_of(toy(), changed, run).reason == "the recipe's collect changed"
    assert state_of(toy(version=2), recipe, run).reason == "made by version 1 of this stage"
    outside.write_text("ab", encoding="utf-8")
    assert "input.csv was changed" in state_of(toy(), recipe, run).reason
    outside.unlink()
    assert "input.csv is gone" in state_of(toy(), recipe, run).reason


def test_a_changed_lost_or_broken_file_makes_a_stage_stale(run: RunDir, tmp_path: Path) -> None:
    recipe = view(tmp_path)
    finish(run, recipe)
    data = run.stage("collect") / "data.txt"
    data.write_text("y", encoding="utf-8")
    assert state_of(toy(), recipe, run).reason == "data.txt was changed"
    data.unlink()
    assert state_of(toy(), recipe, run).reason == "data.txt is gone"
    (run.stage("collect") / MANIFEST).write_text("{", encoding="utf-8")
    assert state_of(toy(), recipe, run).reason == "its manifest cannot be read"


def test_a_copied_run_with_new_times_is_still_fresh(run: RunDir, tmp_path: Path) -> None:
    recipe = view(tmp_path)
    finish(run, recipe)
    copy = RunDir(tmp_path / "copy")
    shutil.copytree(run.path, copy.path)
    os.utime(copy.stage("collect") / "data.txt", ns=(1, 1))
    assert state_of(toy(), recipe, copy).fresh


def test_a_stage_is_stale_when_what_it_needs_gave_another_result(run: RunDir, tmp_path: Path) -> None:
    recipe = view(tmp_path)
    finish(run, recipe)
    finish(run, recipe, name="prepare", needs=("collect",))
    prepare = toy("prepare", ("collect",))
    assert state_of(prepare, recipe, run).fresh
    finish(run, recipe)  # the same result again
    assert state_of(prepare, recipe, run).fresh
    finish(run, recipe, text="another")
    assert state_of(prepare, recipe, run).reason == "stage collect was run again with another result"
    shutil.rmtree(run.stage("collect"))
    assert state_of(prepare, recipe, run).reason == "stage collect is missing"


def test_the_digest_leaves_out_times_and_facts(run: RunDir, tmp_path: Path) -> None:
    first = finish(run, view(tmp_path))
    second = finish(run, view(tmp_path), warnings=("slow",))
    assert first.digest == second.digest and first.warnings != second.warnings
    assert finish(run, view(tmp_path), text="another").digest != first.digest


def test_a_stage_needs_finished_stages(run: RunDir, tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="stage collect has not run"):
        open_stage(run, view(tmp_path), name="prepare", needs=("collect",), version=1)


def test_skipped_files_are_not_listed_and_do_not_make_stale(run: RunDir, tmp_path: Path) -> None:
    folder = open_stage(run, view(tmp_path), name="collect", needs=(), version=1)
    (folder.path / "log").mkdir()
    (folder.path / "log" / "server.log").write_text("one", encoding="utf-8")
    (folder.path / "data.txt").write_text("x", encoding="utf-8")
    manifest = folder.finish(facts={}, skip=("log",))
    assert [entry.path for entry in manifest.files] == ["data.txt"]
    (run.stage("collect") / "log" / "server.log").write_text("two", encoding="utf-8")
    assert state_of(toy(), view(tmp_path), run).fresh


def test_the_manifest_on_disk_holds_no_secret_of_the_machine(run: RunDir, tmp_path: Path) -> None:
    finish(run, view(tmp_path))
    said = read_json(run.stage("collect") / MANIFEST)
    assert set(said) == set(Manifest.model_fields)
    assert str(tmp_path) not in str({key: value for key, value in said.items() if key != "externals"})
