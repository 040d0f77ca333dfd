"""Bad input through the real command: exit code 2, one clear message with a next step, nothing lost."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from medtune.chat.base import tiny_folder
from medtune.cli.main import cli
from medtune.llamacpp.toolchain import Toolchain

GOOD = '{"instruction": "What is anemia?", "output": "A lack of healthy red blood cells in the blood."}\n'
Change = Callable[[Path], dict[str, object]]


def recipe(folder: Path, **changes: object) -> Path:
    """A recipe for a user's own rows in rows.jsonl; `changes` replaces or adds top-level keys."""
    values: dict[str, object] = {
        "name": "own",
        "collect": {"sources": [{"kind": "files", "path": "rows.jsonl"}]},
        "prepare": {"converters": ["qa"]},
        **changes,
    }
    file = folder / "own.yaml"
    file.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return file


def run(folder: Path, file: Path, *more: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["run", str(file), "--runs", str(folder / "runs"), *more], prog_name="medtune")
    assert "Traceback" not in done.output
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def _rows(tmp_path: Path, toolchain: Toolchain) -> None:
    (tmp_path / "rows.jsonl").write_text(GOOD, encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trian": {}}, ["unknown key `trian`; did you mean `train`?", "own.yaml:"]),
        ({"train": {"lora_r": "many"}}, ["`train.lora_r`", "(it is 'many')"]),
        ({"seed": -1, "train": {"lora_rank": 3}}, ["2 problems", "`seed`", "unknown key `train.lora_rank`"]),
        ({"task": "terminolgy"}, ["no task named 'terminolgy'", "terminology"]),
        ({"suites": {"names": ["emergncy"]}}, ["emergncy", "emergency"]),
        ({"base": {"path": "nowhere"}}, ["base model's folder does not exist", "nowhere"]),
        ({"collect": {"sources": [{"kind": "files", "path": "none.jsonl"}]}}, ["does not exist", "none.jsonl"]),
        ({"collect": {"sources": [{"kind": "files", "path": "none.jsonl"}, 3]}}, ["`collect.sources.1`"]),
        ({"prepare": {"test_file": "gold.jsonl"}}, ["prepare.test_file", "gold.jsonl"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_recipe_that_cannot_be_run(tmp_path: Path, changes: dict[str, object], said: list[str]) -> None:
    code, output = run(tmp_path, recipe(tmp_path, **changes))
    assert code == 2
    assert "next:" in output
    assert [words for words in said if words not in output] == []
    assert not list(tmp_path.glob("runs/own/0*"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ["rows.jsonl"]),
        (b"\n\n", ["rows.jsonl"]),
        (GOOD.encode() + b"{not json\n", ["not JSON", "rows.jsonl:2"]),
        (GOOD.encode() + b'{"instruction": "caf\xe9", "output": "x"}\n', ["not UTF-8", "rows.jsonl:2", "iconv"]),
        (b'{"question": "a"}\n', ["rows.jsonl"]),
        (b"[1, 2]\n", ["rows.jsonl:1"]),
    ],
    ids=["empty", "blank", "not JSON", "not UTF-8", "unknown shape", "no object"],
)
def test_data_that_cannot_be_read(tmp_path: Path, content: bytes, said: list[str]) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    code, output = run(tmp_path, recipe(tmp_path))
    assert code == 2 and "next:" in output, output
    assert [words for words in said if words not in output] == []
    assert (tmp_path / "rows.jsonl").read_bytes() == content
    assert not (tmp_path / "runs" / "own" / "01-collect").exists(), "nothing counts as finished"


def without_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer.model"):
        (folder / name).unlink(missing_ok=True)


def unknown_architecture(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = ["NoSuchForCausalLM"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{", encoding="utf-8")


def without_weights(folder: Path) -> None:
    for path in folder.glob("*.safetensors"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_tokenizer, "tokenizer"),
        (unknown_architecture, "NoSuchForCausalLM"),
        (broken_config, "config.json"),
        (without_weights, "safetensors"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_base_that_cannot_be_used_is_refused_before_anything_runs(
    tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    shutil.copytree(tiny_folder(), tmp_path / "base")
    spoil(tmp_path / "base")
    code, output = run(tmp_path, recipe(tmp_path, base={"path": "base"}))
    assert code == 2 and said in output and "next:" in output, output
    assert not list(tmp_path.glob("runs/own/0*"))


def test_a_run_directory_of_another_recipe(tmp_path: Path) -> None:
    assert run(tmp_path, recipe(tmp_path), "--until", "collect")[0] == 0
    (tmp_path / "runs" / "own").rename(tmp_path / "runs" / "other")
    code, output = run(tmp_path, recipe(tmp_path, name="other"))
    assert code == 2 and "belongs to the recipe 'own', not to 'other'" in output
    assert (tmp_path / "runs" / "other" / "01-collect").is_dir()


def test_without_llama_cpp_nothing_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("MEDTUNE_LLAMA_CPP", raising=False)
    code, output = run(tmp_path, recipe(tmp_path))
    assert code == 1 and "medtune toolchain install" in output
    assert not list(tmp_path.glob("runs/own/0*"))
    assert run(tmp_path, recipe(tmp_path), "--until", "collect")[0] == 0, "collect needs none"


def test_a_full_disk_is_seen_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))  # type: ignore[attr-defined]
    code, output = run(tmp_path, recipe(tmp_path))
    assert code == 2 and "too little disk" in output


def test_nothing_to_train_on_is_said(tmp_path: Path) -> None:
    code, output = run(tmp_path, recipe(tmp_path), "--until", "train")
    assert code == 2 and "next:" in output, output


@pytest.mark.parametrize("words", [["--until", "trian"], ["--from", "x"], ["--set", "train.max_steps"]])
def test_options_that_make_no_sense(tmp_path: Path, words: list[str]) -> None:
    code, output = run(tmp_path, recipe(tmp_path), *words)
    assert code == 2 and "next:" in output
