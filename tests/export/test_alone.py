"""`medtune export MODEL_FOLDER` through the real command and tools: what it makes, what it keeps, what it refuses."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from click.testing import CliRunner
from command import start
from exportrun import write_adapter, write_base
from safetensors.torch import load_file, save_file
from toymodel import write_toy_model

from medtune.chat import load_tokenizer, resolve_base
from medtune.chat.base import tiny_folder
from medtune.cli.main import cli
from medtune.config.recipe import LocalBase
from medtune.core.io import read_json, write_json
from medtune.export import disk
from medtune.export.alone import Order, bundled_calibration
from medtune.export.general import general_trial
from medtune.export.weights import read_weights
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.toolchain import Toolchain


def export(*words: str | Path, measured: bool = False) -> tuple[int, str]:
    """The command; without `measured` no build is compared or timed, which takes longer than making it."""
    if not measured and Path(words[0]).is_dir():
        words = (*words, "--fidelity-rows", "0")
    done = CliRunner().invoke(cli, ["export", *map(str, words)], prog_name="medtune")
    assert "Traceback" not in done.output, done.output
    return done.exit_code, done.output


def inodes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in folder.glob("*.gguf")}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("alone") / "base")


@pytest.fixture(scope="module")
def once(base: Path, tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> tuple[Path, str]:
    """A finished export with figures, and what the command said: made once, since converting takes longest."""
    out = tmp_path_factory.mktemp("once") / "out"
    code, text = export(base, "--out", out, "--quantize", "q8_0", "--fidelity-rows", "4", measured=True)
    assert code == 0, text
    return out, text


@pytest.fixture
def out(once: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(once[0], tmp_path / "out")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter", base)


def test_a_folder_without_an_adapter_and_one_more_quantization(base: Path, out: Path) -> None:
    names = {path.name for path in out.iterdir()}
    assert names == {
        "base-F16.gguf", "base-Q8_0.gguf", "builds.json", "fidelity.json", "logs", "made.json", "parity.json",
        "tensors.json",
    }  # fmt: skip
    metadata = read_gguf(out / "base-Q8_0.gguf").metadata
    digest = resolve_base(LocalBase(path=str(base)), Path).digest
    assert metadata["general.name"] == "base" and metadata["general.description"] == f"base sha256 {digest}"
    before, measured = inodes(out), read_json(out / "fidelity.json")
    assert "bundled medical prose" in measured["text"] and measured["tokens"] > 0 and measured["topics"] <= 4
    code, text = export(base, "--out", out, "--quantize", "Q2_K", "--fidelity-rows", "4", measured=True)
    assert code == 0
    again = {row["build"]: row for row in read_json(out / "fidelity.json")["builds"]}
    assert again["Q8_0"] == measured["builds"][-1] and again["Q2_K"]["kl"]["value"] > again["Q8_0"]["kl"]["value"] > 0
    assert_table(text, again)
    after = inodes(out)
    assert {name: after[name] for name in before} == before and after.keys() - before.keys() == {"base-Q2_K.gguf"}
    assert [build["name"] for build in read_json(out / "builds.json")] == ["F16", "Q2_K", "Q8_0"]
    types = read_json(out / "tensors.json")
    assert set(types) == {"F16", "Q8_0", "Q2_K"} and types["Q8_0"]["blk.0.attn_q.weight"] == "Q8_0"


def assert_table(text: str, fidelity: dict[str, Any]) -> None:
    """A line a build: size, bits, KL and same top token as in fidelity.json."""
    lines = text.splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("build "))
    rows = {line.split()[0]: line.split() for line in lines[head + 1 : head + 4]}
    assert list(rows) == ["F16", "Q2_K", "Q8_0"]
    assert all(float(rows[name][3]) == pytest.approx(row["kl"]["value"], abs=1e-5) for name, row in fidelity.items())
    assert float(rows["Q2_K"][2]) < float(rows["Q8_0"][2]) < float(rows["F16"][2])
    assert rows["F16"][4:] == ["100.0", "%"]


def test_what_is_measured_stands_in_no_importance_matrix(base: Path, tmp_path: Path) -> None:
    order = Order(base, None, tmp_path, "base", (), None, 8192, fidelity_rows=64)
    tokenizer = load_tokenizer(base)
    text = bundled_calibration(order, tokenizer).make().text
    examples = general_trial(64).examples
    assert len(examples) == 64 == len({example.topic for example in examples})
    assert not [example.id for example in examples if example.messages[-1].content in text]


def test_an_adapter_is_merged_and_named(base: Path, adapter: Path, tmp_path: Path, toolchain: Toolchain) -> None:
    out = tmp_path / "out"
    code, text = export(base, "--adapter", adapter, "--out", out, "--name", "Tuned", "--quantize", "Q4_K_M")
    assert code == 0, text
    assert set(inodes(out)) == {"Tuned-F16.gguf", "Tuned-Q4_K_M.gguf"}
    metadata = read_gguf(out / "Tuned-F16.gguf").metadata
    assert metadata["general.base_model.0.name"] == "base"
    assert metadata["general.description"].startswith("adapter sha256 ")
    assert read_weights(out / "merged").tensors.keys() == read_weights(base).tensors.keys()
    assert not any(str(tmp_path) in str(value) for value in metadata.values())


def test_dry_run_makes_nothing(base: Path, tmp_path: Path) -> None:
    code, text = export(base, "--out", tmp_path / "out", "--quantize", "all", "--dry-run")
    assert code == 0 and "base-IQ2_XS.gguf" in text and "imatrix.gguf" in text and "disk: about" in text
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--quantize", "IQ2_XS"], "IQ2_XS cannot be made without an importance matrix"),
        (["--quantize", "Q4KM"], "unknown quantization 'Q4KM'"),
        (["--quantize", "Q8_0,Q8_0"], "named twice"),
        (["--name", "a/b"], "cannot be a name"),
        (["--adapter", "nowhere"], "adapter's folder does not exist"),
        (["--again"], "--again belongs to the export of a recipe"),
    ],
)
def test_words_that_make_no_sense(base: Path, tmp_path: Path, words: list[str], said: str) -> None:
    code, text = export(base, "--out", tmp_path / "out", *words)
    assert code == 2 and said in text, text
    assert not (tmp_path / "out").exists()


def test_folder_words_do_not_go_with_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\n", encoding="utf-8")
    code, text = export(tmp_path / "a.yaml", "--quantize", "Q8_0")
    assert code == 2 and "--quantize belongs to the export of a model folder" in text


def test_rows_that_no_k_quant_takes_fall_back_and_say_so(tmp_path: Path, toolchain: Toolchain) -> None:
    model = write_toy_model(tmp_path / "narrow", hidden=128)
    settings = read_json(model / "tokenizer_config.json")
    write_json(model / "tokenizer_config.json", {**settings, "add_prefix_space": False})
    code, text = export(model, "--out", tmp_path / "out", "--quantize", "Q4_K_M")
    assert code == 0, text
    assert "rows of 128 weights do not fit q4_K, stored as q5_0" in text
    census = read_gguf(tmp_path / "out" / "narrow-Q4_K_M.gguf").census
    assert census["Q5_0"] > 0
    build = next(build for build in read_json(tmp_path / "out" / "builds.json") if build["name"] == "Q4_K_M")
    assert build["tensor_types"] == census and build["warnings"]


def spoiled(base: Path, folder: Path, **changes: object) -> Path:
    """A copy of the base by links, with other values in config.json."""
    folder.mkdir()
    for path in base.iterdir():
        (folder / path.name).hardlink_to(path)
    if changes:
        config = read_json(base / "config.json")
        (folder / "config.json").unlink()
        (folder / "config.json").write_text(json.dumps({**config, **changes}), encoding="utf-8")
    return folder


def test_a_missing_tokenizer(base: Path, tmp_path: Path) -> None:
    model = spoiled(base, tmp_path / "model")
    (model / "tokenizer.model").unlink()
    code, text = export(model, "--out", tmp_path / "out")
    assert code == 2 and "tokenizer" in text and "next:" in text
    assert not (tmp_path / "out").exists()


def test_a_missing_tokenizer_model(tmp_path: Path) -> None:
    """transformers can do without it, the converter cannot: said before anything is made."""
    model = spoiled(tiny_folder(), tmp_path / "model")
    (model / "tokenizer.model").unlink()
    code, text = export(model, "--out", tmp_path / "out")
    assert code == 2 and "tokenizer.model is missing" in text and "next:" in text, text
    assert not (tmp_path / "out").exists()


def test_an_architecture_that_the_converter_refuses(base: Path, tmp_path: Path, toolchain: Toolchain) -> None:
    model = spoiled(base, tmp_path / "model", architectures=["HouseMadeForCausalLM"])
    code, text = export(model, "--out", tmp_path / "out")
    assert code == 2 and "HouseMadeForCausalLM" in text and "next:" in text, text
    assert not list(tmp_path.glob("out/*.gguf*"))


def test_too_little_disk_or_memory_is_said_before_the_first_byte(
    base: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as told:
        told.setattr(disk, "free_bytes", lambda folder: 5_000_000)
        code, text = export(base, "--adapter", adapter, "--out", out)
    assert code == 2 and "MB of disk, 5.0 MB are free" in text and "next:" in text
    with monkeypatch.context() as told:
        told.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=100 << 20))
        code, text = export(base, "--adapter", adapter, "--out", out)
    assert code == 2 and "of memory" in text and "its largest tensor, model.embed_tokens.weight" in text
    assert not out.exists()


def test_an_adapter_of_another_base(base: Path, tmp_path: Path, toolchain: Toolchain) -> None:
    """By the digest where training.json says one, by the shapes else."""
    other = write_toy_model(tmp_path / "other", hidden=128)
    foreign = write_adapter(tmp_path / "run" / "adapter", other)
    code, text = export(base, "--adapter", foreign, "--out", tmp_path / "out")
    assert code == 2 and "the base has the shape" in text and "next:" in text
    assert not list(tmp_path.glob("out/*")) or not (tmp_path / "out" / "merged").exists()
    write_json(tmp_path / "run" / "training.json", {"base": "other", "base_digest": "0" * 64})
    code, text = export(base, "--adapter", foreign, "--out", tmp_path / "out")
    assert code == 2 and "trained on another base: its digest is 000000000000" in text and "next:" in text


def test_an_adapter_of_split_layers_and_a_base_of_fused_ones(
    base: Path, adapter: Path, family_model: Callable[[str], Path], tmp_path: Path, toolchain: Toolchain
) -> None:
    """And the other way round: said in words, not as a list of missing names."""
    code, text = export(family_model("phi4-mini"), "--adapter", adapter, "--out", tmp_path / "out")
    said = " ".join(text.split())
    assert code == 2 and "there these weights are part of one matrix, gate_up_proj" in said, text
    assert "or train a new one on this base" in said and not list(tmp_path.glob("out/*.gguf"))
    tensors = load_file(adapter / "adapter_model.safetensors")
    fused = {name.replace("q_proj", "qkv_proj"): tensor for name, tensor in tensors.items() if "q_proj" in name}
    save_file(fused, adapter / "adapter_model.safetensors")
    code, text = export(base, "--adapter", adapter, "--out", tmp_path / "out")
    said = " ".join(text.split())
    assert code == 2 and "there these weights are matrices of their own, q_proj, k_proj, v_proj" in said, text


def test_the_models_own_folder_is_no_place_for_builds(base: Path) -> None:
    code, text = export(base, "--out", base)
    assert code == 2 and "name another folder with --out" in text


def test_a_build_that_was_cut_off_is_made_again(base: Path, out: Path) -> None:
    good = (out / "base-Q8_0.gguf").read_bytes()
    (out / "base-Q8_0.gguf").write_bytes(good[: len(good) // 2])
    kept = (out / "base-F16.gguf").stat().st_ino
    assert export(base, "--out", out, "--quantize", "Q8_0")[0] == 0
    assert (out / "base-Q8_0.gguf").read_bytes() == good
    assert (out / "base-F16.gguf").stat().st_ino == kept


@pytest.mark.slow
@pytest.mark.parametrize(
    "seen", ["merged.partial", "base-F16.gguf", "imatrix.gguf.partial", "base-IQ2_XS.gguf.partial"]
)
def test_killed_anywhere_it_goes_on_at_the_next_missing_file(
    base: Path, adapter: Path, tmp_path: Path, toolchain: Toolchain, seen: str
) -> None:
    out = tmp_path / "out"
    words = ["export", str(base), "--adapter", str(adapter), "--out", str(out), "--imatrix", "needed"]
    words += ["--quantize", "Q8_0,IQ2_XS", "--fidelity-rows", "0"]
    process = start(words)
    deadline = time.monotonic() + 300
    while not (out / seen).exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    finished = {path.name: path.stat().st_ino for path in out.glob("*.gguf")}
    for name in finished:
        read_gguf(out / name)
    known = set(read_json(out / "made.json")) if (out / "made.json").exists() else set()
    code, text = export(*words[1:])
    assert code == 0, text
    after = inodes(out)
    assert set(after) == {"base-F16.gguf", "base-Q8_0.gguf", "base-IQ2_XS.gguf", "imatrix.gguf"}
    assert {name: after[name] for name in finished if name in known} == {
        name: inode for name, inode in finished.items() if name in known
    }
    assert not list(out.rglob("*.partial"))
