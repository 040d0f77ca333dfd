"""Text of records stands where it must and nowhere else, and `medtune purge` removes it."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from datarun import prepare, recipe

from medtune.cli.main import cli
from medtune.config.recipe import RecipeView
from medtune.core.errors import DataError, RunDirError
from medtune.core.io import read_json, read_jsonl
from medtune.prepare import stage
from medtune.runs.freshness import state_of
from medtune.runs.layout import CASES, EVENTS, RECIPE, REJECTED, RESPONSES, STATS, RunDir
from medtune.runs.purge import plan_purge
from medtune.runs.records.base import read_rows
from medtune.runs.records.prepare import Example

MARKER = "Zwelbrixt"


def rows(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"question": f"{MARKER} asks {n}?", "answer": f"{MARKER} hears the answer number {n} of many.", **more}
            for n in range(count)]  # fmt: skip


def site_run(folder: Path, extra: list[dict[str, Any]] | None = None) -> RunDir:
    given = [*rows(30), *(extra or [])]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given))
    of = recipe([{"kind": "files", "path": "a.jsonl"}], prepare={"converters": ["qa", "refusal"], "languages": ["en"]})
    run, _ = prepare(of, folder)
    run.file(RECIPE).write_text("name: run\n")
    return run


def holders(run: RunDir) -> set[str]:
    """Files that hold the marker."""
    return {
        file.relative_to(run.path).as_posix()
        for file in run.path.rglob("*") if file.is_file() and MARKER.encode() in file.read_bytes()
    }  # fmt: skip


REJECTED_ROWS = [
    {"question": f"{MARKER} is long?", "answer": f"{MARKER} " * 900},
    {"question": f"{MARKER} is short?", "answer": "x"},
    {"question": f"{MARKER} again?", "answer": f"{MARKER} hears the answer number 3 of many."},
    {
        "question": f"{MARKER} spricht?",
        "answer": f"{MARKER} trinkt heute Abend nach dem Essen noch viel warmes Wasser.",
    },
    {"question": f"{MARKER} blank?", "answer": "\u200b"},
]


def test_only_the_rows_hold_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = site_run(tmp_path, REJECTED_ROWS)
    assert holders(run) == {
        "01-collect/records.jsonl", "02-prepare/train.jsonl", "02-prepare/val.jsonl", "02-prepare/test.jsonl",
    }  # fmt: skip
    shown = capfd.readouterr()
    assert MARKER not in shown.out + shown.err
    assert len(list(read_jsonl(run.stage("prepare") / REJECTED))) >= 4
    for folder in (run.stage("collect"), run.stage("prepare")):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_failed_stage_says_no_text_and_leaves_no_waiting_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(20)))
    of = recipe([{"kind": "files", "path": "a.jsonl"}], prepare={"min_answer_chars": 5000})
    with pytest.raises(DataError) as caught:
        prepare(of, tmp_path)
    assert MARKER not in str(caught.value)
    partial = RunDir(tmp_path / "run").partial("prepare")
    assert {path.name for path in partial.iterdir()} <= {"resume.json"}


def test_samples_are_of_public_sources_only(tmp_path: Path) -> None:
    samples = read_json(site_run(tmp_path).stage("prepare") / STATS)["samples"]
    assert {sample["source"] for sample in samples} <= {"medtune refusals"}


def test_purge_removes_the_text_and_writes_it_down(tmp_path: Path) -> None:
    run = site_run(tmp_path)
    for name in (CASES, RESPONSES):
        run.stage("ask").mkdir(exist_ok=True)
        (run.stage("ask") / name).write_text(MARKER)
    run.partial("collect").mkdir()
    (run.partial("collect") / "records.jsonl").write_text(MARKER)
    assert plan_purge(run).private
    refused = CliRunner().invoke(cli, ["purge", str(run.path)], input="n\n")
    assert refused.exit_code != 0
    assert len(holders(run)) == 7
    done = CliRunner().invoke(cli, ["purge", str(run.path), "--yes"])
    assert done.exit_code == 0, done.output
    assert not holders(run)
    assert (run.stage("prepare") / STATS).is_file()
    (event,) = [row for _, row in read_jsonl(run.file(EVENTS)) if row["what"] == "purged"]
    assert "02-prepare/train.jsonl" in event["paths"]
    again = CliRunner().invoke(cli, ["purge", str(run.path), "--yes"])
    assert "nothing to remove" in again.output


def test_later_stages_say_what_is_missing(tmp_path: Path) -> None:
    run = site_run(tmp_path)
    CliRunner().invoke(cli, ["purge", str(run.path), "--yes"])
    with pytest.raises(RunDirError, match="purged"):
        read_rows(run.stage("prepare") / "train.jsonl", Example)
    of = recipe([{"kind": "files", "path": "a.jsonl"}], prepare={"converters": ["qa", "refusal"], "languages": ["en"]})
    state = state_of(stage, RecipeView(of, stage.READS, tmp_path), run)
    assert (state.kind, state.reason) == ("stale", "test.jsonl is gone")


def test_answers_about_public_sources_stay(tmp_path: Path) -> None:
    run, _ = prepare(recipe([{"kind": "medquad", "limit": 60}], prepare={"converters": ["qa"]}), tmp_path)
    run.stage("ask").mkdir()
    (run.stage("ask") / RESPONSES).write_text("x")
    planned = plan_purge(run)
    assert not planned.private
    assert not [path for path in planned.paths if path.startswith("05-ask")]
