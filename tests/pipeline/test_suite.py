"""A suite: the runs of its models, what one that fails means for the others, and what is written of all."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from medtune.cli.main import cli
from medtune.cli.runs import find_run, known_runs
from medtune.core.errors import DataError, EgressError, GateError, RecipeError, RunDirError
from medtune.core.io import read_json
from medtune.pipeline import open_suite, run_suite
from medtune.pipeline.open import OpenRecipe
from medtune.runs.layout import SHA256SUMS, SUITE_HTML, SUITE_RELEASE, RunDir
from medtune.runs.lock import locked
from medtune.ship.locate import release_paths
from medtune.ship.suite import verify_suite
from medtune.tasks import FORM_ONLY_NOTE

if TYPE_CHECKING:
    from conftest import Toys

NAMES = ("consult", "discharge", "notes")
Snapshot = Callable[[Path], dict[str, tuple[int, bytes]]]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    for name in NAMES:
        text = f"name: {name}\ncollect:\n  sources:\n    - kind: medquad\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    file = tmp_path / "ward.yaml"
    models = ", ".join(f"{name}.yaml" for name in NAMES)
    file.write_text(
        f"suite:\n  name: ward\n  description: Three <models> of a ward.\n  models: [{models}]\n", encoding="utf-8"
    )
    return file


def at(toys: "Toys", stage: str, number: int, act: Callable[[], None]) -> None:
    """Do something when a stage runs for the numbered model (from 0)."""
    toys.before[stage] = lambda: act() if toys.ran.count(stage) == number + 1 else None


def release_only_first(toys: "Toys") -> None:
    at(toys, "release", 1, lambda: setattr(toys, "released", None))


def fail() -> None:
    raise DataError("a broken row", where="rows.jsonl:3", next_step="mend it")


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="medtune")
    return done.exit_code, done.output


def test_every_model_has_a_run_and_the_suite_one_release(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    result = run_suite(suite, (), tmp_path / "runs")
    result.check()
    folder = tmp_path / "runs" / "ward"
    assert result.release is not None and result.release.complete and result.folder == folder
    assert [(model.name, model.state, model.build) for model in result.release.models] == [
        (name, "released", "Q8_0") for name in NAMES
    ]
    for model in read_json(folder / SUITE_RELEASE)["models"]:
        assert sha256((folder / model["release"]).read_bytes()).hexdigest() == model["release_sha256"]
    lines = [line.split("  ") for line in (folder / SHA256SUMS).read_text(encoding="utf-8").splitlines()]
    assert [name for _, name in lines] == [
        SUITE_RELEASE, SUITE_HTML, *(f"{name}/07-release/release.json" for name in NAMES),
    ]  # fmt: skip
    assert all(sha256((folder / name).read_bytes()).hexdigest() == digest for digest, name in lines)


def test_the_page_links_every_report_and_escapes_text(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    folder = run_suite(suite, (), tmp_path / "runs").folder
    page = (folder / SUITE_HTML).read_text(encoding="utf-8")
    links = re.findall(r'href="([^"#]+)"', page)
    assert links == [f"{name}/report.html" for name in NAMES] and all((folder / link).is_file() for link in links)
    assert "Three &lt;models&gt; of a ward." in page and "Every model of the suite was released." in page
    assert "<script" not in page and "://" not in page and FORM_ONLY_NOTE in page


def test_a_second_run_changes_nothing(toys: "Toys", suite: Path, tmp_path: Path, snapshot: Snapshot) -> None:
    folder = run_suite(suite, (), tmp_path / "runs").folder
    before = {name: data for name, (_, data) in snapshot(folder).items()}
    toys.ran.clear()
    run_suite(suite, (), tmp_path / "runs")
    assert toys.ran == [] and {name: data for name, (_, data) in snapshot(folder).items()} == before


def test_a_gate_that_is_not_passed_does_not_stop_the_others(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    at(toys, "release", 1, lambda: setattr(toys, "released", None))
    toys.before["prepare"] = lambda: setattr(toys, "released", "Q8_0")
    result = run_suite(suite, (), tmp_path / "runs")
    assert result.release is not None
    assert [model.state for model in result.release.models] == ["released", "missing", "released"]
    assert not result.release.complete and result.failures == ()
    with pytest.raises(GateError, match="nothing was released of discharge"):
        result.check()
    page = (result.folder / SUITE_HTML).read_text(encoding="utf-8")
    assert "The suite is not complete" in page and 'href="discharge/report.html"' in page


def test_a_run_that_fails_does_not_stop_the_others(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    at(toys, "train", 0, fail)
    result = run_suite(suite, (), tmp_path / "runs")
    assert result.release is not None
    assert [model.state for model in result.release.models] == ["failed", "released", "released"]
    assert result.release.models[0].reason == "a broken row"
    with pytest.raises(DataError, match="a broken row"):
        result.check()
    toys.before.clear()
    again = run_suite(suite, (), tmp_path / "runs")
    assert again.release is not None and again.release.complete, "the same command goes on where one failed"


def test_what_would_stop_a_later_model_is_said_before_the_first_one_trains(
    toys: "Toys", suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(opened: OpenRecipe, stages: tuple[str, ...]) -> None:
        if opened.recipe.name == "notes":
            raise EgressError("the hub is not allowed", next_step="add it to `egress:`")

    monkeypatch.setattr("medtune.pipeline.suite.check_before_run", check)
    with pytest.raises(EgressError):
        run_suite(suite, (), tmp_path / "runs")
    assert toys.ran == [] and not (tmp_path / "runs" / "ward" / SUITE_RELEASE).exists()


def test_overrides_count_for_all_models_or_for_one(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    opened = open_suite(suite, ("seed=3", "notes:seed=4", "notes:train.max_steps=5"), tmp_path / "runs")
    seeds = {member.name: member.opened.recipe.seed for member in opened.members}
    assert seeds == {"consult": 3, "discharge": 3, "notes": 4}
    assert [member.opened.recipe.train.max_steps for member in opened.members] == [None, None, 5]
    with pytest.raises(RecipeError, match="names note, which is no model"):
        open_suite(suite, ("note:seed=3",), tmp_path / "runs")
    with pytest.raises(RecipeError, match="two models of this suite are named same"):
        open_suite(suite, ("name=same",), tmp_path / "runs")


def test_runs_that_stop_early_release_nothing(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    result = run_suite(suite, (), tmp_path / "runs", until="train")
    result.check()
    assert result.release is None and not (result.folder / SUITE_RELEASE).exists()
    assert toys.ran == ["collect", "prepare", "train"] * 3


def test_two_suites_at_once_are_refused(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    with locked(RunDir(tmp_path / "runs" / "ward")), pytest.raises(RunDirError, match="another medtune run"):
        run_suite(suite, (), tmp_path / "runs")
    assert toys.ran == []


def test_a_suite_and_a_run_do_not_share_a_folder(toys: "Toys", suite: Path, recipe: Path, tmp_path: Path) -> None:
    run_suite(suite, (), tmp_path / "runs")
    code, said = call("run", recipe, "--runs", tmp_path / "runs", "--set", "name=ward")
    assert code == 2 and "something else than a run" in said
    assert call("run", recipe, "--runs", tmp_path / "other", "--set", "name=ward")[0] == 0
    code, said = call("run", suite, "--runs", tmp_path / "other")
    assert code == 2 and "run directory itself" in said


def test_the_command_prints_one_table_and_ends_with_the_gates_code(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    release_only_first(toys)
    code, said = call("run", suite, "--runs", tmp_path / "runs", "--set", "seed=3", "notes:seed=4")
    assert code == 3 and "nothing was released of discharge, notes" in said
    table = [line.split() for line in said.partition("\nmodel ")[2].splitlines()[1:4]]
    assert table == [["consult", "terminology", "Q8_0"], *([name, "terminology", "missing", "-"] for name in NAMES[1:])]
    assert f"suite: {tmp_path / 'runs' / 'ward' / SUITE_HTML}" in said


def test_runs_of_a_suite_are_listed_and_found_by_suite_and_model(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    run_suite(suite, (), runs)
    assert [run.path.name for run in known_runs(runs)] == list(NAMES)
    code, said = call("ls", "--runs", runs)
    assert code == 0 and re.findall(r"^(ward/\w+) +complete", said, re.M) == [f"ward/{name}" for name in NAMES]
    assert find_run("ward/notes", runs).path == runs / "ward" / "notes"
    with pytest.raises(RunDirError, match="ward is a suite") as error:
        find_run("ward", runs)
    assert "ward/consult" in error.value.next_step


def test_releases_of_a_suite_are_those_that_are_there(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    release_only_first(toys)
    run_suite(suite, (), runs)
    assert release_paths("ward", runs) == [runs / "ward" / "consult"]
    assert release_paths("ward/notes", runs) == [runs / "ward" / "notes"]
    toys.released = None
    run_suite(suite, (), runs, from_="release")
    with pytest.raises(RunDirError, match="nothing of this suite was released"):
        release_paths("ward", runs)
    with pytest.raises(RunDirError, match=r"there is no suite\.json here yet"):
        (runs / "ward" / SUITE_RELEASE).unlink()
        release_paths("ward", runs)


def test_a_changed_suite_does_not_verify(toys: "Toys", suite: Path, tmp_path: Path) -> None:
    folder = run_suite(suite, (), tmp_path / "runs").folder
    page = folder / SUITE_HTML
    page.write_text(page.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(DataError, match=r"index\.html: its sha256"):
        verify_suite(folder)
    (folder / SHA256SUMS).unlink()
    with pytest.raises(DataError, match=r"suite\.json: SHA256SUMS does not list it"):
        verify_suite(folder)


def test_validate_and_dry_run_go_through_the_models_and_touch_nothing(suite: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    code, said = call("validate", suite)
    assert code == 0 and all(f"a valid recipe named {name}" in said for name in NAMES) and "3 models" in said
    code, said = call("run", suite, "--dry-run", "--runs", tmp_path / "runs")
    assert code == 0 and said.count("prepare: would run") == 3 and sorted(tmp_path.rglob("*")) == before
    code, said = call("validate", suite, "--set", "notes:task=poems", "consult:base={path: nowhere}")
    assert code == 2 and "2 of the suite's recipes" in said and "- notes:" in said and "- consult:" in said


def test_a_suite_that_names_a_missing_recipe(suite: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.yaml").unlink()
    code, said = call("validate", suite)
    assert code == 2 and "notes.yaml" in said and "file not found" in said
