"""Running a recipe: what is fresh is skipped, what changed runs again, and how a run ends."""

import errno
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from medtune.core.errors import GateError, ResourceError, RunDirError, UsageError
from medtune.core.io import read_json, read_jsonl
from medtune.pipeline import run_recipe
from medtune.pipeline.crash import StageCrashError
from medtune.pipeline.open import open_recipe
from medtune.pipeline.plan import plan_run
from medtune.runs.layout import EVENTS, PROVENANCE, RECIPE, STAGE_FOLDERS
from medtune.runs.lock import locked

if TYPE_CHECKING:
    from conftest import Toys

ALL = list(STAGE_FOLDERS)
Snapshot = Callable[[Path], dict[str, tuple[int, bytes]]]


def test_a_first_run_goes_through_every_stage(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    result = run_recipe(recipe, (), tmp_path / "runs")
    assert toys.ran == ALL == list(result.ran)
    assert result.released == "Q8_0"
    assert read_json(result.run.file(PROVENANCE))["recipe_folder"] == str(tmp_path)
    written = yaml.safe_load(result.run.file(RECIPE).read_text(encoding="utf-8"))
    assert written["train"]["lora_r"] == 16, "defaults stand in the resolved recipe"


def test_a_second_run_does_nothing_and_changes_no_file(
    toys: "Toys", recipe: Path, tmp_path: Path, snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    run_recipe(recipe, (), tmp_path / "runs")
    before = snapshot(tmp_path)
    capsys.readouterr()
    result = run_recipe(recipe, (), tmp_path / "runs")
    assert result.ran == () and list(result.fresh) == ALL and toys.ran == ALL
    assert snapshot(tmp_path) == before
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if line.endswith(": fresh")] == [f"{name}: fresh" for name in ALL]


@pytest.mark.parametrize(
    ("override", "again"),
    [
        ("audit.gate.margin_points=5", ["audit", "release", "report"]),
        ("release.prefer=largest", ["release", "report"]),
        ("report.failures=3", ["report"]),
        ("suites.limit=3", ["ask", "audit", "release", "report"]),
        ("description=new", ["release", "report"]),
        ("train.lora_r=4", ["train", "export", "ask", "audit", "release", "report"]),
        ("egress=[example.org]", []),
    ],
)
def test_a_changed_key_runs_again_what_reads_it_and_what_follows(
    toys: "Toys", recipe: Path, tmp_path: Path, override: str, again: list[str]
) -> None:
    run_recipe(recipe, (), tmp_path / "runs")
    toys.ran.clear()
    run_recipe(recipe, (override,), tmp_path / "runs")
    assert toys.ran == again


def test_from_runs_again_although_fresh_and_until_stops(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    assert run_recipe(recipe, (), tmp_path / "runs", until="train").ran == ("collect", "prepare", "train")
    assert run_recipe(recipe, (), tmp_path / "runs", until="train").ran == ()
    run_recipe(recipe, (), tmp_path / "runs")
    assert run_recipe(recipe, (), tmp_path / "runs", from_="audit").ran == ("audit", "release", "report")
    assert run_recipe(recipe, (), tmp_path / "runs", from_="ask", until="audit").ran == ("ask", "audit")


def test_only_brings_up_one_stage_and_what_it_needs(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    assert run_recipe(recipe, (), tmp_path / "runs", only="train").ran == ("collect", "prepare", "train")
    assert run_recipe(recipe, (), tmp_path / "runs", only="train").ran == ()
    assert run_recipe(recipe, (), tmp_path / "runs", only="train", from_="train").ran == ("train",)


@pytest.mark.parametrize("words", [{"from_": "trian"}, {"until": "x"}, {"from_": "audit", "until": "train"}])
def test_wrong_stage_names_are_refused(toys: "Toys", recipe: Path, tmp_path: Path, words: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        run_recipe(recipe, (), tmp_path / "runs", **words)  # type: ignore[arg-type]
    assert toys.ran == []


def test_nothing_released_ends_in_a_gate_error_after_the_report(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    toys.released = None
    for _ in range(2):  # the second run is fresh, and the answer stays the same
        with pytest.raises(GateError, match="the toys say so"):
            run_recipe(recipe, (), tmp_path / "runs")
    assert toys.ran == ALL
    assert (tmp_path / "runs" / "small" / "report.html").exists()
    assert run_recipe(recipe, (), tmp_path / "runs", until="audit").released is None


def test_one_line_says_time_and_facts_and_the_end_says_where_to_look(
    toys: "Toys", recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_recipe(recipe, (), tmp_path / "runs")
    said = capsys.readouterr().err
    assert re.search(r"^train: done in \d+\.\d s: keys 4$", said, re.M)
    assert "train: has not run yet" in said and "warning: train is a toy" in said
    assert re.search(r"^report: .*runs/small/report.html$", said, re.M)
    assert re.search(r"^talk to it: medtune chat .*runs/small$", said, re.M)


def test_a_full_disk_anywhere_in_a_stage_is_said(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    toys.before["export"] = full
    with pytest.raises(ResourceError, match="disk is full"):
        run_recipe(recipe, (), tmp_path / "runs")
    toys.before.clear()
    assert run_recipe(recipe, (), tmp_path / "runs").ran[0] == "export"


def test_a_failing_stage_is_logged_without_its_words(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    def crash() -> None:
        raise ValueError("the patient's words")

    toys.before["export"] = crash
    with pytest.raises(StageCrashError) as caught:
        run_recipe(recipe, (), tmp_path / "runs")
    assert isinstance(caught.value.__cause__, ValueError)
    events = tmp_path / "runs" / "small" / EVENTS
    last = list(read_jsonl(events))[-1][1]
    assert (last["stage"], last["what"], last["error"]) == ("export", "crashed", "ValueError")
    assert "patient" not in events.read_text(encoding="utf-8")
    toys.before.clear()
    assert run_recipe(recipe, (), tmp_path / "runs").ran[0] == "export"


def test_an_interrupted_stage_goes_on(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    toys.before["ask"] = stop
    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, (), tmp_path / "runs")
    toys.before.clear()
    assert run_recipe(recipe, (), tmp_path / "runs").ran == ("ask", "audit", "release", "report")
    events = [row["what"] for _, row in read_jsonl(tmp_path / "runs" / "small" / EVENTS) if row["stage"] == "ask"]
    assert events == ["started", "failed", "resumed", "finished"]


def test_two_runs_at_once_are_refused(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    opened = open_recipe(recipe, (), tmp_path / "runs")
    with locked(opened.run), pytest.raises(RunDirError, match="another medtune run"):
        run_recipe(recipe, (), tmp_path / "runs")
    assert toys.ran == []


def test_the_copy_in_the_run_directory_continues_the_run(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    result = run_recipe(recipe, ("seed=9",), tmp_path / "runs")
    assert run_recipe(result.run.file(RECIPE), (), tmp_path / "runs").ran == ()
    assert open_recipe(result.run.file(RECIPE), (), tmp_path / "runs").folder == tmp_path


def test_planning_touches_nothing(toys: "Toys", recipe: Path, tmp_path: Path, snapshot: Snapshot) -> None:
    before = snapshot(tmp_path)
    steps = plan_run(open_recipe(recipe, (), tmp_path / "runs"))
    assert [step.name for step in steps if step.will_run] == ALL
    assert snapshot(tmp_path) == before and not (tmp_path / "runs").exists()


def test_a_plan_foresees_what_follows_a_stale_stage(toys: "Toys", recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, (), tmp_path / "runs")
    steps = plan_run(open_recipe(recipe, ("export.quantizations=[Q2_K]",), tmp_path / "runs"))
    assert [step.name for step in steps if step.will_run] == ["export", "ask", "audit", "release", "report"]
    assert steps[3].state.reason == "the recipe's export changed"
    assert steps[4].state.reason == "export runs again and may give another result"
