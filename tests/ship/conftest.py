"""A finished release, once for the folder; tests change copies of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from finished_run import make_base, make_run, recipe_values, view

from medtune.config.recipe import Recipe
from medtune.config.suite import SuiteSection
from medtune.core.errors import DataError
from medtune.pipeline.suite_release import write_suite_release
from medtune.release import stage
from medtune.runs.layout import SUITE_RECIPE, RunDir

ROOM = "release"
TASKS = {"terms-demo": "terminology", "ward-terms": "terminology", "nothing": "terminology"}


@pytest.fixture(scope="session")
def _released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ship")
    recipe = Recipe.model_validate(recipe_values(make_base(folder / "base")))
    run, recipe = make_run(folder / "run", recipe=recipe)
    stage.run(view(recipe, stage.READS, folder / "run"), run)
    return folder / "run"


@pytest.fixture
def run(_released: Path, tmp_path: Path) -> RunDir:
    """A run with a release, to be changed at will."""
    return RunDir(Path(shutil.copytree(_released, tmp_path / "run")))


@pytest.fixture
def released(run: RunDir) -> Path:
    """The release folder of that run."""
    return run.stage(ROOM)


@pytest.fixture
def suite(run: RunDir, tmp_path: Path) -> Path:
    """A suite's folder with two releases and one model whose run failed."""
    folder = tmp_path / "runs" / "ward"
    shutil.copytree(run.path, folder / "terms-demo")
    values = recipe_values(make_base(tmp_path / "base"), name="ward-terms")
    other, recipe = make_run(folder / "ward-terms", recipe=Recipe.model_validate(values))
    stage.run(view(recipe, stage.READS, other.path), other)
    (folder / SUITE_RECIPE).write_text("suite: {}\n", encoding="utf-8")
    section = SuiteSection(name="ward", models=("a.yaml",))
    write_suite_release(folder, section, TASKS, {"nothing": DataError("no rows", next_step="add some")})
    return folder


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """Makes a pair of elliptic-curve keys under a name: (private, public)."""

    def make(name: str) -> tuple[Path, Path]:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

        key = ec.generate_private_key(ec.SECP256R1())
        private, public = tmp_path / f"{name}.key", tmp_path / f"{name}.pub"
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        return private, public

    return make
