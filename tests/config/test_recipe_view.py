"""A stage sees the recipe keys that it declared, and no others."""

from pathlib import Path

import pytest

from medtune.config.load import check
from medtune.config.recipe import RecipeView

RECIPE = check({"name": "small", "collect": {"sources": [{"kind": "medquad"}]}}, {}, "test")


def test_a_declared_key_is_seen_and_another_raises(tmp_path: Path) -> None:
    view = RecipeView(RECIPE, ("train", "seed"), tmp_path)
    assert view.seed == 7 and view.train.lora_r == 16 and view.name == "small"
    with pytest.raises(AttributeError, match="audit"):
        _ = view.audit


def test_dump_holds_only_what_is_seen(tmp_path: Path) -> None:
    assert RecipeView(RECIPE, ("seed",), tmp_path).dump() == {"name": "small", "seed": 7}


def test_reads_must_name_keys_of_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        RecipeView(RECIPE, ("nonsense",), tmp_path)


def test_paths_start_at_the_recipes_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    view = RecipeView(RECIPE, (), tmp_path / "recipes")
    assert view.resolve("../data/x.jsonl") == (tmp_path / "data" / "x.jsonl").resolve()
    assert view.resolve("~/x") == (tmp_path / "home" / "x").resolve()
    assert view.resolve("/absolute") == Path("/absolute")
