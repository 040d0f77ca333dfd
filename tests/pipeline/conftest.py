"""A pipeline of real stage folders whose work is one small file each."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from medtune.config.recipe import RecipeView
from medtune.core.io import read_json, write_json
from medtune.runs.layout import RELEASE, REPORT_HTML, STAGE_FOLDERS, RunDir
from medtune.runs.manifest import Manifest
from medtune.runs.records.release import Release
from medtune.runs.stage import Stage, open_stage

READS = {
    "collect": ("collect",),
    "prepare": ("prepare", "task", "base", "seed"),
    "train": ("train", "base", "seed"),
    "export": ("export", "base", "llama_cpp"),
    "ask": ("suites", "ask", "task", "llama_cpp", "seed"),
    "audit": ("audit", "task"),
    "release": ("release", "task", "base", "description"),
    "report": ("report", "description"),
}
NEEDS: dict[str, tuple[str, ...]] = {
    "collect": (),
    "prepare": ("collect",),
    "train": ("prepare",),
    "export": ("train",),
    "ask": ("prepare", "export"),
    "audit": ("ask", "export", "prepare"),
    "release": ("collect", "prepare", "train", "export", "ask", "audit"),
    "report": ("collect", "prepare", "train", "export", "ask", "audit", "release"),
}
RECIPE = "name: small\ncollect:\n  sources:\n    - kind: medquad\n"


class Toys:
    """Stages that write what they read; `released` decides the gate, `before[name]` is called inside of a stage."""

    def __init__(self) -> None:
        self.released: str | None = "Q8_0"
        self.before: dict[str, Callable[[], None]] = {}
        self.ran: list[str] = []

    def table(self) -> dict[str, Stage]:
        return {name: self._stage(name) for name in STAGE_FOLDERS}

    def _stage(self, name: str) -> Stage:
        def run(recipe: RecipeView, run: RunDir) -> Manifest:
            self.ran.append(name)
            folder = open_stage(run, recipe, name=name, needs=NEEDS[name], version=1)
            self.before.get(name, lambda: None)()
            write_json(folder.path / "reads.json", recipe.dump())
            if name == "release":
                write_json(folder.path / RELEASE, self._release().model_dump(mode="json"))
            manifest = folder.finish(facts={"keys": len(recipe.dump())}, warnings=(f"{name} is a toy",))
            if name == "report":
                run.file(REPORT_HTML).write_text("<p>toy", encoding="utf-8")
            return manifest

        def plan(recipe: RecipeView, run: RunDir) -> list[str]:
            return [f"write what {name} reads"]

        return cast(
            Stage,
            SimpleNamespace(NAME=name, NEEDS=NEEDS[name], READS=READS[name], VERSION=1, plan=plan, run=run),
        )

    def _release(self) -> Release:
        given: dict[str, Any] = dict.fromkeys(("verdict", "file", "sha256"))
        return Release(
            name="small", released=self.released, scope="form", reason="the toys say so", files={}, digests={},
            rejected=(), tools={}, **given,
        )  # fmt: skip


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Toys:
    made = Toys()
    monkeypatch.setattr("medtune.pipeline.stages.STAGES", made.table())
    monkeypatch.setattr("medtune.pipeline.run.check_before_run", lambda opened, stages: None)
    monkeypatch.setattr("medtune.pipeline.suite.check_before_run", lambda opened, stages: None)
    return made


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE, encoding="utf-8")
    return file


@pytest.fixture
def snapshot() -> Callable[[Path], dict[str, tuple[int, bytes]]]:
    """Every file below a folder with its time and content; the lock file is left out."""

    def take(folder: Path) -> dict[str, tuple[int, bytes]]:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock"]
        return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    return take


@pytest.fixture
def digests() -> Callable[[RunDir], dict[str, str]]:
    def read(run: RunDir) -> dict[str, str]:
        return {
            name: read_json(run.stage(name) / "manifest.json")["digest"]
            for name in STAGE_FOLDERS
            if run.stage(name).is_dir()
        }

    return read
