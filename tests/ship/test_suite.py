"""A suite of two real releases: imported in one go, verified as a whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from ollama_server import OllamaServer, serve

from medtune.cli.main import cli
from medtune.ship.suite import verify_suite


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaServer]:
    with serve(OllamaServer()) as made:
        monkeypatch.setenv("OLLAMA_HOST", made.address)
        yield made


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


def test_publish_says_that_a_suite_goes_model_by_model(suite: Path) -> None:
    code, said = call("publish", "ward", "our-hospital/ward", "--runs", suite.parent)
    assert code == 2 and "this is a suite" in said and "released: terms-demo ward-terms" in said
