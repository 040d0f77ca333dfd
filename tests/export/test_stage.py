"""The export with the real converter, quantizer and server, on a random model of 1.3 million weights."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from exportrun import copy_run, recipe_of, view, write_base, write_run

from medtune.chat import load_tokenizer, resolve_base
from medtune.config.recipe import Recipe
from medtune.core.errors import DataError, ModelError, ResourceError, RunDirError
from medtune.core.hashing import sha256_file
from medtune.core.io import read_json, write_json
from medtune.export import builds, disk, stage
from medtune.export.readback import check_gguf, expected_of
from medtune.export.weights import read_weights
from medtune.llamacpp.gguf_info import read_gguf
from medtune.runs.freshness import state_of
from medtune.runs.layout import BUILDS, PARITY, TRAINING, RunDir
from medtune.runs.manifest import read_manifest
from medtune.runs.records.base import read_row_list
from medtune.runs.records.export import Build

Exported = tuple[RunDir, Recipe]


def inodes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in folder.iterdir() if path.suffix == ".gguf"}


def test_builds_are_what_the_files_are(exported: Exported) -> None:
    run, recipe = exported
    folder = run.stage("export")
    found = read_row_list(folder / BUILDS, Build)
    assert [build.name for build in found] == ["base-F16", "F16", "Q8_0", "Q4_K_M"]
    assert [build.role for build in found] == ["base", "parent", "quantization", "quantization"]
    assert [build.file for build in found] == [
        "base-F16.gguf", "toy-run-F16.gguf", "toy-run-Q8_0.gguf", "toy-run-Q4_K_M.gguf",
    ]  # fmt: skip
    for build in found:
        assert (build.size_bytes, build.sha256) == (
            (folder / build.file).stat().st_size,
            sha256_file(folder / build.file),
        )
        assert build.tensor_types == read_gguf(folder / build.file).census
    assert found[1].tensor_types == {"F16": 15, "F32": 5}
    assert "Q8_0" in found[2].tensor_types and {"Q4_K", "Q6_K"} <= found[3].tensor_types.keys()
    names = [read_gguf(folder / build.file).metadata["general.name"] for build in found]
    assert names == ["base", "toy-run", "toy-run", "toy-run"]
    assert found[0].sha256 != found[1].sha256
    assert state_of(stage, view(recipe, "export", run.path), run).fresh
    assert not any(path.suffix == ".partial" for path in folder.rglob("*"))


def test_no_machine_path_is_in_a_build(exported: Exported) -> None:
    run, _ = exported
    for path in run.stage("export").glob("*.gguf"):
        assert not any(str(run.path.parent) in str(value) for value in read_gguf(path).metadata.values())


def test_every_prompt_is_served_as_it_was_trained(exported: Exported) -> None:
    run, _ = exported
    parity = read_json(run.stage("export") / PARITY)
    assert len(parity["checks"]) == 48
    assert all(check["equal"] and check["tokens"] == check["served"] > 2 for check in parity["checks"])
    assert read_manifest(run, "export").facts["prompts_compared"] == 48
    assert parity["tokenizer"]["equal"] == parity["tokenizer"]["lines"] == 2000 and parity["note"] == ""


def test_the_estimate_of_the_disk_is_enough_and_not_absurd(exported: Exported) -> None:
    run, recipe = exported
    base = resolve_base(recipe.base, Path)
    weights = read_weights(base.folder)
    along = sum(path.stat().st_size for path in base.files if path.suffix != ".safetensors")
    for build in read_row_list(run.stage("export") / BUILDS, Build):
        estimate = disk.gguf_bytes(weights.parameters, build.quantization, along)
        assert build.size_bytes <= estimate <= build.size_bytes * 1.5 + (1 << 20)


def test_plan_says_what_would_be_made(exported: Exported, tmp_path: Path) -> None:
    run, recipe = exported
    lines = stage.plan(view(recipe, "export", run.path), RunDir(tmp_path / "new"))
    assert any("toy-run-F16.gguf and from it Q8_0, Q4_K_M" in line for line in lines)
    assert any(line.startswith("disk: about ") for line in lines)
    lost = recipe_of(tmp_path / "nowhere")
    assert stage.plan(view(lost, "export", run.path), run) == [
        "cannot say more: the base model's folder does not exist"
    ]
    assert not (tmp_path / "new").exists()


def test_an_added_quantization_makes_only_itself(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_run(exported[0], tmp_path / "run")
    recipe = recipe_of(Path(exported[1].base.path), export={"quantizations": ["Q2_K", "Q4_K_M", "Q8_0"]})
    made = []
    monkeypatch.setattr(builds, "to_gguf", lambda *_, **__: pytest.fail("nothing needs to be converted"))
    real = builds.quantize
    monkeypatch.setattr(builds, "quantize", lambda *args, **named: made.append(args[3]) or real(*args, **named))
    before = inodes(run.stage("export"))
    state = state_of(stage, view(recipe, "export", run.path), run)
    assert state.kind == "stale" and "export" in state.reason
    stage.run(view(recipe, "export", run.path), run)
    after = inodes(run.stage("export"))
    assert made == ["Q2_K"]
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"toy-run-Q2_K.gguf"}
    assert [build.name for build in read_row_list(run.stage("export") / BUILDS, Build)] == [
        "base-F16", "F16", "Q2_K", "Q4_K_M", "Q8_0",
    ]  # fmt: skip


def test_a_build_that_was_changed_is_made_again(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_run(exported[0], tmp_path / "run")
    path = run.stage("export") / "toy-run-Q8_0.gguf"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    monkeypatch.setattr(builds, "to_gguf", lambda *_, **__: pytest.fail("nothing needs to be converted"))
    stage.run(view(exported[1], "export", run.path), run)
    assert path.read_bytes() == good


def test_another_base_than_trained_on_is_refused(exported: Exported, tmp_path: Path) -> None:
    run, _ = exported
    other = recipe_of(write_base(tmp_path / "other", seed=9))
    copied = copy_run(run, tmp_path / "run")
    before = inodes(copied.stage("export"))
    with pytest.raises(ModelError, match="trained on another base") as caught:
        stage.run(view(other, "export", copied.path), copied)
    assert caught.value.exit_code == 2 and "--from train" in caught.value.next_step
    assert inodes(copied.stage("export")) == before and not copied.partial("export").exists()
    write_json(copied.stage("train") / TRAINING, {})
    with pytest.raises(DataError, match="does not say which base"):
        stage.run(view(exported[1], "export", copied.path), copied)


def test_without_the_stages_before_there_is_nothing_to_export(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="stage prepare has not run"):
        stage.run(view(exported[1], "export", tmp_path), RunDir(tmp_path))


def test_too_little_disk_is_said_before_the_first_byte(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = exported[1]
    fresh = write_run(tmp_path / "run", recipe)
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 5_000_000)
    with pytest.raises(ResourceError, match=r"needs about [\d.]+ MB of disk, 5.0 MB are free") as caught:
        stage.run(view(recipe, "export", fresh.path), fresh)
    assert caught.value.exit_code == 2
    assert {path.name for path in fresh.partial("export").iterdir()} == {"resume.json"}


def test_prompts_that_are_served_otherwise_stop_the_export(tmp_path: Path) -> None:
    recipe = recipe_of(write_base(tmp_path / "base", space_prefix=True))
    run = write_run(tmp_path / "run", recipe)
    with pytest.raises(ModelError, match=r"4\d of 48 prompts are served .* token \d+: trained") as caught:
        stage.run(view(recipe, "export", run.path), run)
    assert caught.value.exit_code == 2
    assert not run.stage("export").exists()


def test_corrupt_and_foreign_builds_are_refused(exported: Exported, tmp_path: Path) -> None:
    folder = exported[0].stage("export")
    merged = folder / "merged"
    expected = expected_of(merged, load_tokenizer(merged), read_json(merged / "config.json"))
    good = (folder / "toy-run-Q8_0.gguf").read_bytes()
    assert check_gguf(folder / "toy-run-Q8_0.gguf", expected)[1] == ()
    other = tmp_path / "other.gguf"
    other.write_bytes(good[: len(good) // 2])
    with pytest.raises(ModelError, match="cut off"):
        check_gguf(other, expected)
    other.write_bytes(good.replace(b"add_generation_prompt", b"and_generation_prompt"))
    with pytest.raises(ModelError, match="its chat template is not the tokenizer's"):
        check_gguf(other, expected)
    other.write_bytes(
        good.replace(b"tokenizer.ggml.eos_token_id\x04\0\0\0\6", b"tokenizer.ggml.eos_token_id\x04\0\0\0\7")
    )
    with pytest.raises(ModelError, match="its end token is 7, the tokenizer's is 6"):
        check_gguf(other, expected)


_EXPORT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from exportrun import recipe_of, view
from medtune.export import stage
from medtune.runs.layout import RunDir
run = RunDir(Path(sys.argv[2]))
stage.run(view(recipe_of(Path(sys.argv[3])), "export", run.path), run)
"""


@pytest.mark.slow
def test_a_killed_export_resumes(exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = exported[1]
    run = write_run(tmp_path / "run", recipe)
    partial = run.partial("export")

    def kill_when(there: str) -> None:
        support = Path(__file__).parents[1] / "support"
        argv = [sys.executable, "-c", _EXPORT, str(support), str(run.path), recipe.base.path]
        process = subprocess.Popen(argv, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while not (partial / there).exists():
            assert process.poll() is None, process.stderr and process.stderr.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        if process.stderr:
            process.stderr.close()

    kill_when("toy-run-F16.gguf.partial")
    assert not run.stage("export").exists()
    assert not (partial / "toy-run-F16.gguf").exists()
    merged = (partial / "merged" / "model.safetensors").stat().st_ino
    kill_when("toy-run-F16.gguf")
    assert not run.stage("export").exists()
    stage.run(view(recipe, "export", run.path), run)
    folder = run.stage("export")
    assert (folder / "merged" / "model.safetensors").stat().st_ino == merged
    assert not partial.exists()
    wanted = {build.name: build.sha256 for build in read_row_list(exported[0].stage("export") / BUILDS, Build)}
    assert {build.name: build.sha256 for build in read_row_list(folder / BUILDS, Build)} == wanted
    assert state_of(stage, view(recipe, "export", run.path), run).fresh
    assert not any(path.suffix == ".partial" for path in folder.rglob("*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount a small file system")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no small file system here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_up_loses_nothing(
    exported: Exported, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planning is told that there is room, as if another program took it meanwhile."""
    recipe = exported[1]
    run = write_run(small_disk / "run", recipe)
    with monkeypatch.context() as told:
        told.setattr(disk, "free_bytes", lambda folder: 1 << 40)
        with pytest.raises(ResourceError, match="the disk is full") as caught:
            stage.run(view(recipe, "export", run.path), run)
    assert caught.value.exit_code == 2 and "free some space" in caught.value.next_step
    partial = run.partial("export")
    assert (partial / "merged" / "model.safetensors").is_file()
    assert not list(partial.glob("*.gguf*")) and not run.stage("export").exists()
    merged = (partial / "merged" / "model.safetensors").stat().st_ino
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    stage.run(view(recipe, "export", run.path), run)
    assert (run.stage("export") / "merged" / "model.safetensors").stat().st_ino == merged
    wanted = {build.name: build.sha256 for build in read_row_list(exported[0].stage("export") / BUILDS, Build)}
    assert {build.name: build.sha256 for build in read_row_list(run.stage("export") / BUILDS, Build)} == wanted
