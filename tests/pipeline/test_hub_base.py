"""A recipe whose base is a model of the hub: what is said before, and what a run fetches first."""

import shutil
from pathlib import Path

import pytest
from hubserver import COMMIT, Hub, serve
from toybase import write_toy_base

from medtune.core.errors import EgressError, ModelError
from medtune.pipeline.checks import check_before_run, describe_base, recipe_problems
from medtune.pipeline.open import OpenRecipe, read_recipe

STAGES = ("prepare",)


def recipe(folder: Path, revision: str = COMMIT, egress: str = "[]") -> OpenRecipe:
    path = folder / "r.yaml"
    path.write_text(
        f"name: small\nbase: {{hub: maker/base, revision: {revision}}}\negress: {egress}\n"
        "collect:\n  sources:\n    - kind: medquad\n",
        encoding="utf-8",
    )
    return read_recipe(path)


def test_what_is_missing_is_known_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    (problem,) = recipe_problems(recipe(tmp_path), STAGES)
    assert isinstance(problem, EgressError) and "huggingface.co" in problem.what
    (problem,) = recipe_problems(recipe(tmp_path, "main", "[huggingface.co]"), STAGES)
    assert isinstance(problem, ModelError) and "no commit" in problem.what
    assert list(recipe_problems(recipe(tmp_path, egress="[huggingface.co]"), STAGES)) == []
    assert list(recipe_problems(recipe(tmp_path), ("audit",))) == [], "an audit of stored answers needs no base"


def test_a_run_fetches_the_base_first_and_provenance_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    served = Path(shutil.copytree(write_toy_base(tmp_path / "toy"), tmp_path / "served"))
    with serve(Hub(served)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        opened = recipe(tmp_path)
        assert describe_base(opened) is None
        check_before_run(opened, STAGES)
        said = describe_base(opened)
        assert said is not None
        assert (said["name"], said["revision"], said["family"]) == ("maker/base", COMMIT, "generic")
        assert len(said["digest"]) == 64
        asked = len(hub.requests)
        check_before_run(opened, STAGES)
        assert len(hub.requests) == asked
