"""SIGKILL in the middle of a stage: the next run goes on, and its result is that of a run that was left alone."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command import call, run_words, start

from medtune.core.io import read_json, read_jsonl
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import ADAPTER, BUILDS, CHECKPOINTS, EVENTS, MANIFEST, RESPONSES, RunDir

pytestmark = pytest.mark.slow

SMALL = (
    "collect.sources.0.limit=600", "train.max_steps=30", "train.eval_every_steps=10", "train.save_every_steps=10",
    "suites.limit=10", "suites.held_out=10", "export.quantizations=[Q8_0, Q6_K, Q4_K_M, Q2_K]",
)  # fmt: skip


def words(runs: Path, *more: str) -> list[str]:
    return run_words(runs, *more, small=SMALL)


@pytest.fixture(scope="module")
def undisturbed(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    runs = tmp_path_factory.mktemp("undisturbed") / "runs"
    done = call(words(runs, "--until", "audit"))
    assert done.returncode == 0, done.stderr
    return RunDir(runs / "quickstart")


def without(run: RunDir, stages: tuple[str, ...], folder: Path) -> RunDir:
    """A copy of a run in which these stages have not run."""
    copy = RunDir(folder / "runs" / "quickstart")
    shutil.copytree(run.path, copy.path, copy_function=shutil.copy2)
    for stage in stages:
        shutil.rmtree(copy.stage(stage))
    return copy


def kill_when(process: "subprocess.Popen[str]", ready: Callable[[], bool]) -> None:
    """SIGKILL the command itself as soon as `ready`; tools that it started must end by themselves."""
    deadline = time.monotonic() + 300
    while not ready():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the moment to kill never came"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def events(run: RunDir, stage: str) -> list[str]:
    rows = [row for _, row in read_jsonl(run.file(EVENTS)) if row["stage"] == stage]
    return [row["what"] for row in rows if row["what"] in ("started", "resumed", "finished")]


def test_training_resumes_and_ends_with_the_same_adapter(undisturbed: RunDir, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    run = without(undisturbed, ("train", "export", "ask", "audit"), tmp_path)
    killed = start(words(run.path.parent, "--until", "train"))
    checkpoints = run.partial("train") / CHECKPOINTS
    kill_when(killed, lambda: any(checkpoints.glob("*20*")))
    assert not run.stage("train").exists(), "a half-written folder is no finished one"
    done = call(words(run.path.parent, "--until", "train"))
    assert done.returncode == 0, done.stderr
    assert events(run, "train")[-3:] == ["started", "resumed", "finished"]
    file = "adapter_model.safetensors"
    expected, found = (load_file(each.stage("train") / ADAPTER / file) for each in (undisturbed, run))
    assert expected.keys() == found.keys()
    assert max(float(abs(expected[name] - found[name]).max()) for name in expected) <= 1e-5
    steps = [row["step"] for _, row in read_jsonl(run.stage("train") / "metrics.jsonl") if row["kind"] == "train"]
    assert steps == sorted(set(steps)), "no step stands twice in the curve"


def test_the_export_goes_on_with_the_files_that_were_finished(undisturbed: RunDir, tmp_path: Path) -> None:
    run = without(undisturbed, ("export", "ask", "audit"), tmp_path)
    killed = start(words(run.path.parent, "--until", "export"))
    kill_when(killed, lambda: any(run.partial("export").glob("*-Q8_0.gguf")))
    assert not run.stage("export").exists()
    done = call(words(run.path.parent, "--until", "export"))
    assert done.returncode == 0, done.stderr
    assert events(run, "export")[-1] == "finished" and "resumed" in events(run, "export")
    expected, found = (
        {build["name"]: build["sha256"] for build in read_json(each.stage("export") / BUILDS)}
        for each in (undisturbed, run)
    )
    assert found == expected
    assert not [path.name for path in run.stage("export").rglob("*") if path.name.endswith((".partial", ".tmp"))]


def test_asking_goes_on_and_gives_the_same_answers(undisturbed: RunDir, tmp_path: Path) -> None:
    run = without(undisturbed, ("ask", "audit"), tmp_path)
    killed = start(words(run.path.parent, "--until", "ask"))

    def some_answers() -> bool:
        files = run.partial("ask").rglob("*.jsonl")
        return sum(path.read_bytes().count(b'"text"') for path in files if path.name != "cases.jsonl") > 15

    kill_when(killed, some_answers)
    assert not run.stage("ask").exists()
    assert wait_until_no_server_runs(run), "the killed run left a server behind"
    done = call(words(run.path.parent, "--until", "audit"))
    assert done.returncode == 0, done.stderr
    assert "resumed" in events(run, "ask")
    expected, found = (
        [{**row, "seconds": 0} for _, row in read_jsonl(each.stage("ask") / RESPONSES)] for each in (undisturbed, run)
    )
    assert found == expected
    verdicts = [read_json(each.stage("audit") / "verdicts.json") for each in (undisturbed, run)]
    assert verdicts[0] == verdicts[1]


def wait_until_no_server_runs(run: RunDir) -> bool:
    import psutil

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
        if not any("llama-server" in line and str(run.path) in line for line in lines):
            return True
        time.sleep(0.1)
    return False


def test_a_disk_that_fills_up_during_the_export_loses_nothing(undisturbed: RunDir, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=420m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        run = without(undisturbed, ("export", "ask", "audit"), disk)
        begun = start(words(run.path.parent, "--until", "export"))
        while not any(run.partial("export").glob("*-F16.gguf")):
            assert begun.poll() is None, begun.communicate()[1]
            time.sleep(0.01)
        fill(disk / "ballast")
        _, said = begun.communicate(timeout=300)
        assert begun.returncode == 2, said
        assert "disk" in said and "Traceback" not in said
        assert not run.stage("export").exists() and (run.stage("train") / MANIFEST).is_file()
        (disk / "ballast").unlink()
        done = call(words(run.path.parent, "--until", "export"))
        assert done.returncode == 0, done.stderr
        assert re.findall(r"^(\w+): fresh", done.stderr, re.M) == ["collect", "prepare", "train"]
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    ballast.write(b"\0" * size)
            except OSError:
                continue
