"""`medtune doctor SUITE`: every model, what they share once, and what they need together."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from medtune.cli.main import cli
from medtune.llamacpp.toolchain import Toolchain
from medtune.pipeline import checks
from medtune.pipeline.checks import disk_needed
from medtune.pipeline.open import open_recipe

MODELS = {"terms": "terminology", "notes": "consult-summary"}
RECIPE = "name: {name}\ntask: {task}\ncollect: {{sources: [{{kind: medquad}}]}}\nsuites: {{names: [{suite}]}}\n"


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="medtune")
    return done.exit_code, done.output


@pytest.fixture
def suite(tmp_path: Path, toolchain: Toolchain) -> Path:
    for name, task in MODELS.items():
        asked = "structure" if task == "terminology" else f"structure-{task}"
        (tmp_path / f"{name}.yaml").write_text(RECIPE.format(name=name, task=task, suite=asked), encoding="utf-8")
    file = tmp_path / "ward.yaml"
    file.write_text("suite: {name: ward, models: [terms.yaml, notes.yaml]}\n", encoding="utf-8")
    return file


def test_every_model_is_looked_at_and_what_is_shared_said_once(suite: Path, tmp_path: Path) -> None:
    code, said = call("doctor", suite, "--runs", tmp_path / "runs")
    assert code == 0, said
    assert said.count("suite ward, 2 models") == 1 and not (tmp_path / "runs").exists()
    for once in ("medquad: read 1 file", "card: ", "merge the adapter into tiny", "write report.html", "  llama.cpp "):
        assert said.count(once) == 1, once
    for name, task in MODELS.items():
        own = said.split(f"\n{name}: {tmp_path}/runs/ward/{name}\n")[1]
        assert f"for the task {task}" in own.split("\n\n\n")[0]
    plans = said.split("costs (estimated)")[0].splitlines()
    lines = [line for line in plans if line.startswith("  ")]
    assert sorted(set(lines)) == sorted(lines)


def test_disk_is_the_sum_and_the_card_that_of_the_largest(suite: Path, tmp_path: Path) -> None:
    longer = ("--set", "notes:train.max_seq_length=2048")
    code, said = call("doctor", suite, "--runs", tmp_path / "runs", *longer)
    assert code == 0, said
    needs = [disk_needed(open_recipe(tmp_path / f"{name}.yaml", (), tmp_path / "runs")) for name in MODELS]
    assert f"disk, all models together: about {sum(need or 0 for need in needs) / 1e9:.1f} GB" in said
    forecasts = [float(found) for found in re.findall(r"forecast: ([\d.]+) GiB", said)]
    assert len(forecasts) == 2 and forecasts[0] < forecasts[1]
    assert re.search(rf"largest training, one runs at a time: {forecasts[1]} GiB of [^(]*\(notes\)", said)
    assert re.search(r"terms: .* questions to \d+ builds", said) and "audits one after the other: at most" in said


def test_a_disk_that_holds_each_run_but_not_all_stops_doctor_and_run(
    suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = max(disk_needed(open_recipe(tmp_path / f"{name}.yaml")) or 0 for name in MODELS)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: usage._replace(free=int(1.5 * one)))
    words = "too little disk: the 2 models need about"
    code, said = call("doctor", suite, "--runs", tmp_path / "runs")
    assert code == 2 and f"this would stop the suite: {words}" in said
    code, said = call("run", suite, "--runs", tmp_path / "runs")
    assert code != 0 and words in said and not list((tmp_path / "runs").rglob("01-collect*"))


def test_what_would_stop_several_models_is_said_once_with_their_names(suite: Path, tmp_path: Path) -> None:
    code, said = call("doctor", suite, "--runs", tmp_path / "runs", "--set", "base={path: nowhere}")
    assert code == 2 and said.count("this would stop the run of every model: the base") == 1
    code, said = call("doctor", suite, "--runs", tmp_path / "runs", "--set", "notes:base={path: nowhere}")
    assert code == 2 and "this would stop the run of notes: the base" in said
    assert "notes: not known before its base is here and can be used" in said
    assert ", and that of notes, which is not known yet" in said


def test_a_base_that_is_still_to_be_fetched_gives_no_figure(suite: Path, tmp_path: Path) -> None:
    base = "base={hub: some-owner/some-model, revision: " + "a" * 40 + "}"
    _, said = call("doctor", suite, "--runs", tmp_path / "runs", "--set", base)
    assert "terms: not known before its base is here" in said
    assert "disk, all models" not in said and "largest training" not in said and "audits one" not in said
