"""A suite of two real releases: imported in one go, verified as a whole."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from finished_run import make_base, make_run, recipe_values, view
from ollama_server import OllamaServer, serve

from medtune.cli.main import cli
from medtune.config.recipe import Recipe
from medtune.config.suite import SuiteSection
from medtune.core.errors import DataError
from medtune.pipeline.suite_release import write_suite_release
from medtune.release import stage
from medtune.runs.layout import SUITE_RECIPE, RunDir
from medtune.ship.suite import verify_suite

TASKS = {"terms-demo": "terminology", "ward-terms": "terminology", "nothing": "terminology"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaServer]:
    with serve(OllamaServer()) as made:
        monkeypatch.setenv("OLLAMA_HOST", made.address)
        yield made


@pytest.fixture
def suite(run: RunDir, tmp_path: Path) -> Path:
    """A suite's folder with two releases and one model whose run failed."""
    folder = tmp_path / "runs" / "ward"
    shutil.copytree(run.path, folder / "terms-demo")
    values = recipe_values(make_base(tmp_path / "base"), name="ward-terms")
    other, recipe = make_run(folder / "ward-terms", recipe=Recipe.model_validate(values))
    stage.run(view(recipe, stage.READS, other.path), other)
    (folder / SUITE_RECIPE).write_text("suite: {}\n", encoding="utf-8")
    section = SuiteSection(name="ward", models=("a.yaml",))
    write_suite_release(folder, section, TASKS, {"nothing": DataError("no rows", next_step="add some")})
    return folder


def call(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="medtune")
    return done.exit_code, done.output


def test_every_released_model_is_imported_and_the_missing_one_said(suite: Path, server: OllamaServer) -> None:
    code, said = call("ollama", "import", "ward", "--runs", suite.parent, "--no-smoke")
    assert code == 0, said
    assert set(server.models) == {"terms-demo:q4_k_m", "ward-terms:q4_k_m"}
    assert "ward: nothing is failed: no rows" in said
    code, said = call("ollama", "list", "--runs", suite.parent)
    assert code == 0 and "of ward/ward-terms, build Q4_K_M" in said
    code, said = call("ollama", "import", "ward", "--runs", suite.parent, "--name", "x:v1")
    assert code == 2 and "--name fits one release only" in said


def test_a_suite_verifies_down_to_each_gguf(suite: Path) -> None:
    assert [found.row.name for found in verify_suite(suite)] == ["terms-demo", "ward-terms"]
    code, said = call("verify", "ward", "--runs", suite.parent)
    assert code == 0 and "suite ward, not complete, 2 of 3 models checked" in said
    gguf = suite / "ward-terms" / "07-release" / "ward-terms-Q4_K_M.gguf"
    gguf.write_bytes(gguf.read_bytes()[:-1] + b"x")
    code, said = call("verify", "ward", "--runs", suite.parent)
    assert code == 2 and gguf.name in said
