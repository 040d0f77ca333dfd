"""`medtune compare-releases`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from finished_run import QUALITY, make_base, make_run, recipe_values, view

from medtune.cli.compare_releases import compare_releases
from medtune.config.recipe import Recipe
from medtune.core.errors import DataError
from medtune.release import stage


def call(*words: object) -> str:
    return CliRunner().invoke(compare_releases, [str(word) for word in words], catch_exceptions=False).output


@pytest.fixture
def other(tmp_path: Path) -> Path:
    recipe = Recipe.model_validate(recipe_values(make_base(tmp_path / "base"), release={"prefer": "largest"}))
    run, recipe = make_run(tmp_path / "other", recipe=recipe, quality={**QUALITY, "Q4_0": 0.1}, seed=4)
    stage.run(view(recipe, stage.READS, run.path), run)
    return run.path


def test_a_release_does_not_differ_from_itself(released: Path) -> None:
    assert call(released, released).strip() == "no difference"


def test_what_differs_is_listed_with_both_values(released: Path, other: Path) -> None:
    said = call(released, other)
    assert "  released: Q4_K_M -> " in said and "Q4_0: verdict: " in said
    assert "answers.responses.jsonl" in said and "whole form: " in said
    rows = json.loads(call(released, other, "--json"))
    assert {"release", "digests", "audit"} <= {row["part"] for row in rows}


def test_a_release_that_was_changed_is_not_compared(released: Path, other: Path) -> None:
    (released / "README.md").write_text("better figures", encoding="utf-8")
    with pytest.raises(DataError, match=r"README\.md"):
        call(released, other)
