"""A recipe whose base is a model of the hub: what is said before, and what a run fetches first."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hubserver import COMMIT, Hub, serve
from toybase import write_toy_base

from medtune.core.errors import EgressError, ModelError
from medtune.pipeline.checks import check_before_run, describe_base, recipe_problems, terms_line
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
        assert len(said["digest"]) == 64 and "licence" in said["terms"]
        asked = len(hub.requests)
        check_before_run(opened, STAGES)
        assert len(hub.requests) == asked


def test_validate_and_plan_show_the_terms_of_a_base(
    tmp_path: Path, family_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from medtune.cli.validate import validate
    from medtune.train import stage

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    line = terms_line(recipe(tmp_path))
    assert line is not None and "huggingface.co/maker/base" in line, "not here yet: where its terms stand"
    path = tmp_path / "gemma.yaml"
    text = "name: small\nbase: {path: %s}\ncollect:\n  sources:\n    - kind: medquad\n"
    path.write_text(text % family_model("gemma3"), encoding="utf-8")
    said = CliRunner().invoke(validate, [str(path)])
    assert said.exit_code == 0 and "https://ai.google.dev/gemma/terms" in said.output
    opened = read_recipe(path)
    assert any("https://ai.google.dev/gemma/terms" in text for text in stage.plan(opened.whole(), opened.run))
    path.write_text(text.replace("{path: %s}", "tiny"), encoding="utf-8")
    assert terms_line(read_recipe(path)) is None
