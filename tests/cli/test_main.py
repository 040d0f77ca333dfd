"""The command line as a whole: help answers at once, errors end in one message and their exit code."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from medtune.cli import failures
from medtune.cli.main import VERBS, cli
from medtune.core.errors import DataError, GateError, ToolchainError
from medtune.pipeline.crash import StageCrashError
from medtune.runs.layout import RunDir

LOADED = """
import sys
from medtune.cli.main import cli
try:
    cli.main({words!r}, prog_name="medtune")
except SystemExit as end:
    print("LOADED", end.code, "torch" in sys.modules)
"""
INTERRUPTED = """
import medtune.cli.ls
def stop(**given):
    raise KeyboardInterrupt
medtune.cli.ls.ls.callback = stop
from medtune.cli.main import main
main()
"""
RECIPE = Path(__file__).parents[2] / "recipes" / "quickstart.yaml"


def all_commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for verb in VERBS:
        command = cli.get_command(click.Context(cli), verb)
        found.append((verb,))
        if isinstance(command, click.Group):
            found += [(verb, name) for name in command.commands]
    return found


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_help_shows_a_real_example(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, [*words, "--help"], prog_name="medtune")
    assert done.exit_code == 0
    assert "Example:" in done.output
    assert f"\n    medtune {' '.join(words)}".rstrip() in done.output


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["validate", str(RECIPE)], ["ls"]], ids=" ".join)
def test_torch_is_not_imported(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(words=words)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "LOADED 0 False", done.stderr


def test_the_version_is_printed() -> None:
    done = CliRunner().invoke(cli, ["--version"])
    assert done.exit_code == 0 and done.output.startswith("medtune")


def test_an_unknown_verb_is_answered_with_the_nearest() -> None:
    done = CliRunner().invoke(cli, ["vaildate", "x.yaml"])
    assert done.exit_code == 2 and "did you mean 'validate'?" in done.output


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataError("w", next_step="n"), 2),
        (ToolchainError("w", next_step="n"), 1),
        (GateError("w", next_step="n"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (SystemExit(2), 2),
    ],
)
def test_exit_codes_follow_the_tree(error: BaseException, code: int) -> None:
    assert failures.exit_code_of(error) == code


def test_an_unexpected_error_leaves_its_traceback_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEDTUNE_CACHE", str(tmp_path))

    def fail(secret: str) -> None:
        raise ValueError(f"bad row: {secret}")

    with pytest.raises(ValueError, match="bad row") as caught:
        fail(" ".join(("the", "patient's", "words")))
    assert failures.exit_code_of(caught.value) == 1
    said = capsys.readouterr().err
    (file,) = (tmp_path / "logs").glob("crash-*.log")
    assert str(file) in said and "Traceback" not in said and "patient" not in said
    text = file.read_text(encoding="utf-8")
    assert "in fail" in text and "ValueError" in text
    assert "the patient's words" not in text


def test_a_crash_in_a_stage_is_written_beside_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise StageCrashError("train", RunDir(tmp_path)) from AttributeError("no such thing")
    except StageCrashError as error:
        assert failures.exit_code_of(error) == 1
    (file,) = tmp_path.glob("crash-*.log")
    assert "no such thing" in file.read_text(encoding="utf-8")
    assert "in stage train" in capsys.readouterr().err


def test_ctrl_c_ends_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "ls"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr.strip() == "interrupted; the same command goes on from here"


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    line = f"{Path(sys.executable).with_name('medtune')} --help | true"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
