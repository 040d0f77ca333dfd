"""`medtune ollama` against a server that is as strict as Ollama's documented API, and a real one where it answers."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from command import start
from ollama_server import OllamaServer, serve

from medtune.chat.template import load_tokenizer
from medtune.cli.ollama import ollama
from medtune.config.recipe import Recipe
from medtune.core.errors import DataError, EgressError, ResourceError, ServerError, UsageError
from medtune.core.net import Egress
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import RunDir
from medtune.runs.records.base import read_row_list
from medtune.runs.records.export import Build
from medtune.runs.records.release import Release
from medtune.ship.folder import ReleaseFolder
from medtune.ship.modelfile.parse import parse_modelfile
from medtune.ship.ollama.api import Ollama
from medtune.ship.ollama.bring import check_prompts
from medtune.ship.ollama.package import Package

NAME = "terms-demo:q4_k_m"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaServer]:
    with serve(OllamaServer()) as made:
        monkeypatch.setenv("OLLAMA_HOST", made.address)
        yield made


def call(*words: object) -> str:
    return CliRunner().invoke(ollama, [str(word) for word in words], catch_exceptions=False).output


def audited_answers(run: RunDir) -> dict[str, str]:
    """Question to the audited answer of the released build."""
    folder = run.stage("ask")
    cases = {row["id"]: row for row in map(json.loads, (folder / "cases.jsonl").read_text("utf-8").splitlines())}
    rows = map(json.loads, (folder / "responses.jsonl").read_text("utf-8").splitlines())
    return {cases[row["case"]]["messages"][-1]["content"]: row["text"] for row in rows if row["build"] == "Q4_K_M"}


def test_a_release_is_imported_byte_for_byte_and_asked(run: RunDir, server: OllamaServer) -> None:
    known = audited_answers(run)
    server.answer = lambda messages: known.get(messages[-1]["content"], "")
    said = call("import", run.path)
    assert f"{NAME}: uploaded, sha256" in said and "word for word" in said and "not asked in the audit" in said
    made = server.models[NAME]
    assert "quantize" not in made and "template" not in made and made["requires"] == "0.30.0"
    assert made["parameters"]["num_ctx"] == 1024 and made["parameters"]["stop"] == ["</s>"]
    assert list(server.blobs.values()) == [(run.stage("release") / "terms-demo-Q4_K_M.gguf").read_bytes()]
    assert "FORM-PASS of run, build Q4_K_M" in call("list", "--runs", run.path.parent)
    assert "served as audited" in call("test", run.path)
    assert f"removed: {NAME}" in call("remove", NAME)
    assert server.models == {}


def test_a_file_that_is_there_is_not_sent_again(run: RunDir, server: OllamaServer) -> None:
    call("import", run.path, "--no-smoke")
    assert "was there" in call("import", run.path, "--no-smoke", "--name", "other:v1")
    assert len(server.uploads) == 1 and set(server.models) == {NAME, "other:v1"}


def test_an_upload_that_breaks_lists_nothing_and_the_next_one_goes_through(run: RunDir, server: OllamaServer) -> None:
    server.break_after_bytes = 1000
    with pytest.raises(ServerError, match="connection broke"):
        call("import", run.path, "--no-smoke")
    assert server.models == {} and server.blobs == {}
    assert "uploaded" in call("import", run.path, "--no-smoke")
    assert set(server.models) == {NAME}


def test_an_import_that_is_killed_lists_nothing_and_resumes(run: RunDir, server: OllamaServer) -> None:
    """Killed at the upload: the server gets half a file. Then again: everything arrives."""
    gguf = run.stage("release") / "terms-demo-Q4_K_M.gguf"
    server.stall_after_bytes = gguf.stat().st_size // 2
    process = start(["ollama", "import", str(run.path), "--no-smoke"], OLLAMA_HOST=server.address)
    assert server.stalled.wait(60), "the upload never began"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    server.go_on.set()
    assert server.models == {} and server.blobs == {}
    assert "sha256" in call("import", run.path, "--no-smoke")
    assert set(server.models) == {NAME} and list(server.blobs.values()) == [gguf.read_bytes()]


def test_all_models_of_a_suite_in_one_go(run: RunDir, server: OllamaServer, tmp_path: Path) -> None:
    import shutil

    alone = Path(shutil.copytree(run.stage("release"), tmp_path / "alone"))
    said = call("import", run.path, alone, "--no-smoke")
    assert said.count("sha256") == 2 and "was there" in said
    with pytest.raises(UsageError, match="one release only"):
        call("import", run.path, alone, "--name", "x")


@pytest.mark.parametrize("version", ["0.12.6", "0.29.9", "", "0.5"])
def test_an_ollama_too_old_is_refused_before_anything_is_sent(run: RunDir, server: OllamaServer, version: str) -> None:
    server.version = version
    with pytest.raises(UsageError, match="too old"):
        call("import", run.path)
    assert server.blobs == {} and server.models == {}


def test_a_full_disk_is_said(run: RunDir, server: OllamaServer) -> None:
    server.room_bytes = 100
    with pytest.raises(ResourceError, match="disk of Ollama is full"):
        call("import", run.path)
    assert server.models == {} and server.blobs == {}


@pytest.mark.parametrize(
    ("fault", "message"), [("requantizes", "another file"), ("forgets", "repeat_penalty is not set")]
)
def test_what_is_not_served_as_audited_is_removed_again(
    run: RunDir, server: OllamaServer, fault: str, message: str
) -> None:
    setattr(server, fault, "repeat_penalty" if fault == "forgets" else True)
    with pytest.raises(ServerError, match=message):
        call("import", run.path)
    assert server.models == {}


def test_answers_that_lost_their_form_are_an_error(run: RunDir, server: OllamaServer) -> None:
    server.answer = lambda messages: "no form at all"
    with pytest.raises(ServerError, match="lost the form"):
        call("import", run.path)


def test_without_ollama_the_commands_are_printed(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    done = CliRunner().invoke(ollama, ["import", str(run.path)])
    assert isinstance(done.exception, ServerError) and "nothing answers" in done.exception.what
    assert f"ollama create {NAME} -f Modelfile" in done.output and "sha256sum -c SHA256SUMS" in done.output


def test_another_machine_needs_the_recipe_s_egress(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://ollama.example:11434")
    with pytest.raises(EgressError, match=r"ollama\.example"):
        call("import", run.path)


def test_a_changed_release_and_a_bad_name_are_refused(run: RunDir, server: OllamaServer) -> None:
    with pytest.raises(UsageError, match="takes no such name"):
        call("import", run.path, "--name", "a b")
    with (run.stage("release") / "terms-demo-Q4_K_M.gguf").open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    with pytest.raises((DataError, UsageError)):
        call("import", run.path)
    assert server.blobs == {}


def test_removing_what_is_not_there_is_said(server: OllamaServer) -> None:
    with pytest.raises(UsageError, match="has no model"):
        call("remove", "nothing:v1")


def test_what_is_no_ollama_is_said(run: RunDir, server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"{server.address}/other")
    with pytest.raises(ServerError):
        call("list")


@pytest.mark.parametrize(("before", "equal"), [("", True), ("<s>", False)])
def test_rendered_prompts_are_held_against_training_s(
    exported: tuple[RunDir, Recipe], toolchain: Toolchain, server: OllamaServer, before: str, equal: bool
) -> None:
    """A real export: the server renders with the template inside the GGUF, or with one token more."""
    run = exported[0]
    tokenizer = load_tokenizer(run.stage("export") / "merged")
    build = next(one for one in read_row_list(run.stage("export") / "builds.json", Build) if one.name == "F16")
    gguf = run.stage("export") / build.file

    def render(messages: list[dict[str, str]]) -> str:
        return before + str(tokenizer.hf.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    server.render = render
    server.count = lambda text: len(tokenizer.hf.backend_tokenizer.encode(text).ids)
    row = Release(
        name="x", released="F16", verdict="FORM-PASS", scope="form", reason="", file=build.file, sha256=build.sha256,
        files={}, digests={}, rejected=(), tools={},
    )  # fmt: skip
    commands = parse_modelfile(f"FROM ./{build.file}\nSYSTEM You explain terms.\n")
    package = Package("x:f16", gguf.parent, gguf, build.sha256, commands)
    server.blobs[f"sha256:{build.sha256}"] = b""
    with Ollama(server.address) as client:
        client.create(package.request(), lambda status: None)
        if equal:
            found = check_prompts(client, package, ReleaseFolder(gguf.parent, row, run), Egress())
            assert "24 prompts are token for token" in found
        else:
            with pytest.raises(ServerError, match="24 of 24 prompts are not training's"):
                check_prompts(client, package, ReleaseFolder(gguf.parent, row, run), Egress())
