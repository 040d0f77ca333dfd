"""One small run from end to end, made once for all tests of this folder."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import call, run_words

from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import RunDir


@dataclass(frozen=True)
class SmallRun:
    """The run directory and what the command said; tests that change it take a copy."""

    run: RunDir
    done: "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="session")
def small_run(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    runs = tmp_path_factory.mktemp("e2e") / "runs"
    done = call(run_words(runs))
    assert done.returncode in (0, 3), done.stderr
    return SmallRun(RunDir(runs / "quickstart"), done)


@pytest.fixture
def copied(small_run: SmallRun, tmp_path: Path) -> RunDir:
    """A copy of the small run with the same file times."""
    shutil.copytree(small_run.run.path, tmp_path / "runs" / "quickstart", copy_function=shutil.copy2)
    return RunDir(tmp_path / "runs" / "quickstart")


@pytest.fixture
def words() -> Callable[..., list[str]]:
    """`medtune run` of the small quickstart in a run's folder."""

    def make(run: RunDir, *more: str) -> list[str]:
        return run_words(run.path.parent, *more)

    return make
