"""A run with a report, and a real browser to read it with."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from finished_run import make_base, make_run, recipe_values, view

from medtune.config.recipe import Recipe
from medtune.release import stage as release
from medtune.report import stage
from medtune.runs.layout import RunDir

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip

Reported = tuple[RunDir, dict[str, Any]]


@pytest.fixture(scope="session")
def make_report(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Reported]:
    """Make a run with release and report; `recipe` changes its keys, the rest goes to `make_run`."""
    base = make_base(tmp_path_factory.mktemp("model") / "base")

    def make(recipe: dict[str, Any] | None = None, **changes: Any) -> Reported:
        folder = tmp_path_factory.mktemp("run")
        known = Recipe.model_validate(recipe_values(base, **(recipe or {})))
        run, known = make_run(folder / known.name, recipe=known, **changes)
        release.run(view(known, release.READS, folder), run)
        stage.run(view(known, stage.READS, folder), run)
        return run, json.loads(run.file("report.json").read_text("utf-8"))

    return make


@pytest.fixture(scope="session")
def reported(make_report: Callable[..., Reported]) -> Reported:
    """A run of which one build was released; only three failures of each build are shown."""
    return make_report({"report": {"side_by_side": 3, "failures": 3}})


@pytest.fixture(scope="session")
def nothing_released(make_report: Callable[..., Reported]) -> Reported:
    """A run in which every build failed; all failures are shown."""
    from finished_run import QUALITY

    return make_report({"report": {"side_by_side": 12, "failures": 100}}, quality=dict.fromkeys(QUALITY, 0.05))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, once for all tests."""
    if not CHROMIUM.exists():
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield chromium
        chromium.close()
