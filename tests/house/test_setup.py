"""Set-up says in one line what is missing, before it installs anything; and every dependency is pinned."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = f'#!/bin/sh\nexec {sys.executable} "$@"\n'


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A clone's set-up files, and a PATH with nothing but what every Unix has."""
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/setup", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for name in ("sh", "cat", "cksum", "dirname", "env"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def program(bare: Path, name: str, text: str = "#!/bin/sh\nexit 0\n") -> None:
    (bare / "bin" / name).write_text(text, encoding="utf-8")
    (bare / "bin" / name).chmod(0o755)


def setup(bare: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [bare / "scripts" / "setup"],
        env={"PATH": str(bare / "bin"), **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def missing(bare: Path, **environment: str) -> str:
    done = setup(bare, **environment)
    assert done.returncode == 2 and not (bare / ".venv").exists()
    (line,) = done.stderr.splitlines()
    return line


def test_a_missing_python_is_named(bare: Path) -> None:
    assert "Python 3.11 or later is missing" in missing(bare)
    program(bare, "python3", "#!/bin/sh\nexit 1\n")  # one that is too old says no
    assert "Python 3.11 or later is missing" in missing(bare)
    assert "nosuch is no Python 3.11 or later" in missing(bare, PYTHON="nosuch")


def test_missing_build_tools_are_named_with_how_to_get_them(bare: Path) -> None:
    program(bare, "python3", PYTHON)
    assert re.search("cmake is missing; .*apt install cmake", missing(bare))
    program(bare, "cmake")
    assert re.search(r"C\+\+ compiler is missing; .*apt install", missing(bare))


def test_a_python_without_venv_is_named(bare: Path) -> None:
    program(bare, "python3", f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    program(bare, "cmake")
    program(bare, "c++")
    assert "venv module is missing" in missing(bare)


def test_every_direct_dependency_is_pinned_to_what_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    direct = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-") for requirement in direct]
    assert [name for name in names if name not in pins] == []
    assert not [pin for pin in pins.values() if "+" in pin], "a local build such as +cpu cannot be had everywhere"
