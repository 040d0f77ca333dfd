from collections.abc import Iterator
from pathlib import Path

import pytest
from exportrun import exported_run, recipe_of

from medtune.config.recipe import Recipe
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import RunDir


@pytest.fixture(scope="session")
def exported(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDir, Recipe]:
    """A finished export by the real tools, once for all test folders. Read it, copy it, never change it."""
    folder = tmp_path_factory.getbasetemp() / "exported"
    return exported_run(folder), recipe_of(folder / "base")


@pytest.fixture(autouse=True)
def _cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> Iterator[Path]:
    """The cache of the tests, with the toolchain that was found before."""
    cache = tmp_path_factory.getbasetemp() / "medtune-cache"
    monkeypatch.setenv("MEDTUNE_CACHE", str(cache))
    monkeypatch.setenv("MEDTUNE_LLAMA_CPP", str(toolchain.folder))
    yield cache
