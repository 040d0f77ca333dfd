"""doctor says what is missing and how to get it; ls shows how far each run has come."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from medtune.cli.main import cli
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import MANIFEST, RECIPE, STAGE_FOLDERS, RunDir
from medtune.runs.lock import locked

QUICKSTART = Path(__file__).parents[2] / "recipes" / "quickstart.yaml"


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, list(words), prog_name="medtune")
    return done.exit_code, done.output


def test_doctor_finds_everything_here(toolchain: Toolchain, tmp_path: Path) -> None:
    code, said = call("doctor", "--runs", str(tmp_path / "runs"))
    for what in ("python", "torch", "llama.cpp", "cores", "memory", "disk", "gpu"):
        assert f"  {what} " in said
    assert (code == 0) == ("missing" not in said)
    assert not (tmp_path / "runs").exists()


def test_doctor_says_how_to_get_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDTUNE_CACHE", str(tmp_path))
    monkeypatch.delenv("MEDTUNE_LLAMA_CPP", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, said = call("doctor")
    assert code == 2
    assert "not ready: llama.cpp, cmake" in said
    assert "run `medtune toolchain install`" in said and "apt install cmake" in said


def test_doctor_shows_the_plan_of_a_recipe_and_what_would_stop_it(toolchain: Toolchain, tmp_path: Path) -> None:
    code, said = call("doctor", str(QUICKSTART), "--runs", str(tmp_path))
    assert all(f"\n{name}: would run: has not run yet" in said for name in STAGE_FOLDERS), said
    assert "this would stop the run" not in said
    code, said = call("doctor", str(QUICKSTART), "--runs", str(tmp_path), "--set", "base={path: nowhere}")
    assert code == 2 and "this would stop the run: the base model's folder does not exist" in said


def test_ls_tells_how_far_each_run_has_come(tmp_path: Path) -> None:
    for name, finished, begun in (("a", 0, None), ("b", 3, None), ("c", 2, "train"), ("d", 8, None)):
        run = RunDir(tmp_path / name)
        run.path.mkdir()
        run.file(RECIPE).write_text(f"name: {name}\n", encoding="utf-8")
        for stage in list(STAGE_FOLDERS)[:finished]:
            run.stage(stage).mkdir()
            (run.stage(stage) / MANIFEST).write_text("{}", encoding="utf-8")
        if begun:
            run.partial(begun).mkdir()
    (tmp_path / "no-run").mkdir()
    with locked(RunDir(tmp_path / "c")):
        lines = call("ls", "--runs", str(tmp_path))[1].splitlines()
    states = {line.split("  ")[0]: line for line in lines}
    assert list(states) == ["run", "a", "b", "c", "d"]
    assert "not begun" in states["a"] and "done until train" in states["b"]
    assert "running train" in states["c"] and "complete" in states["d"]
    assert "stopped in train" in call("ls", "--runs", str(tmp_path))[1]


def test_ls_without_runs_says_how_to_start_one(tmp_path: Path) -> None:
    code, said = call("ls", "--runs", str(tmp_path / "none"))
    assert code == 0 and "medtune run RECIPE" in said


def test_a_release_that_cannot_be_read_does_not_stop_ls(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "a")
    run.stage("release").mkdir(parents=True)
    run.file(RECIPE).write_text("name: a\n", encoding="utf-8")
    (run.stage("release") / "release.json").write_text("{", encoding="utf-8")
    code, said = call("ls", "--runs", str(tmp_path))
    assert code == 0 and "unreadable" in said
