"""Suite recipes: what they name, and overrides of one model."""

from pathlib import Path

import pytest

from medtune.config.load import load_recipe
from medtune.config.suite import is_suite_recipe, load_suite_recipe, overrides_of
from medtune.core.errors import RecipeError


def write(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_suite_names_recipes_in_their_order(tmp_path: Path) -> None:
    path = write(tmp_path, "suite:\n  name: ward\n  models: [b.yaml, a.yaml]\n")
    assert is_suite_recipe(path)
    assert load_suite_recipe(path).suite.models == ("b.yaml", "a.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("suite:\n  name: ward\n  model: [a.yaml]\n", "unknown key `suite.model`; did you mean `models`?"),
        ("suite:\n  name: ward\n  models: [a.yaml]\nseed: 3\n", ":4: unknown key `seed`"),
        ("suite:\n  name: Ward 1\n  models: [a.yaml]\n", ":2: `suite.name`"),
        ("suite:\n  name: ward\n  models: []\n", ":3: `suite.models`"),
        ("suite:\n  name: ward\n  models: [a.yaml, a.yaml]\n", "a.yaml is named twice"),
        ("suite: 3\n", ":1: `suite`"),
    ],
)
def test_every_problem_has_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_suite_recipe(write(tmp_path, text))
    assert said in str(error.value)


def test_a_recipe_is_no_suite_and_a_suite_no_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: r\ncollect: {sources: [{kind: medquad}]}\n", encoding="utf-8")
    assert not is_suite_recipe(recipe) and not is_suite_recipe(tmp_path / "none.yaml")
    with pytest.raises(RecipeError, match="this is a suite recipe"):
        load_recipe(write(tmp_path, "suite:\n  name: ward\n  models: [a.yaml]\n"))


def test_overrides_of_all_and_of_one() -> None:
    given = ("seed=3", "notes:train.max_steps=5", "a.b=x:y=z", "notes:seed=4", "lab-2:seed=5")
    common, own = overrides_of(given)
    assert common == ("seed=3", "a.b=x:y=z")
    assert own == {"notes": ("train.max_steps=5", "seed=4"), "lab-2": ("seed=5",)}
