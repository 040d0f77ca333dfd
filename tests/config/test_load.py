"""Recipes: every problem at once, each with its line and the nearest known key."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from medtune.config.load import check, load_recipe, parse_yaml
from medtune.config.recipe import LocalBase, Recipe
from medtune.config.suite import is_suite_recipe, load_suite_recipe
from medtune.core.errors import DataError, MedtuneError, RecipeError

RECIPES = Path(__file__).parents[2] / "recipes"
MINIMAL = "name: small\ncollect:\n  sources:\n    - kind: medquad\n"


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problem_of(folder: Path, text: str, *overrides: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(folder, text), overrides)
    return str(caught.value)


def test_a_minimal_recipe_has_the_defaults(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, MINIMAL))
    assert recipe.base == "tiny"
    assert recipe.audit.gate.margin_points == 10.0
    assert recipe.collect.sources[0].kind == "medquad"


def test_every_recipe_of_the_repository_is_valid() -> None:
    files = sorted(RECIPES.rglob("*.yaml"))
    assert RECIPES / "quickstart.yaml" in files
    suites = [load_suite_recipe(file) for file in files if is_suite_recipe(file)]
    names = {file: load_recipe(file).name for file in files if not is_suite_recipe(file)}
    assert suites and all(name.endswith(file.stem) for file, name in names.items())
    runs = [*names.values(), *(suite.suite.name for suite in suites)]
    assert len(set(runs)) == len(runs), "each has a run directory of its own"


def test_the_quickstart_declares_its_thresholds() -> None:
    declared = yaml.safe_load((RECIPES / "quickstart.yaml").read_text(encoding="utf-8"))["audit"]["gate"]
    assert {"margin_points", "parent_floor", "garble_limit", "refusal_limit", "min_cases"} <= declared.keys()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("trian:\n  lora_r: 4\n", "unknown key `trian`; did you mean `train`?"),
        ("train:\n  lora_rnak: 4\n", "unknown key `train.lora_rnak`; did you mean `lora_r"),
        (
            "audit:\n  gate:\n    margin_point: 4\n",
            "unknown key `audit.gate.margin_point`; did you mean `margin_points`?",
        ),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_known_one(tmp_path: Path, line: str, hint: str) -> None:
    assert hint in problem_of(tmp_path, MINIMAL + line)


def test_an_unknown_key_of_a_source_is_named_without_union_tags(tmp_path: Path) -> None:
    said = problem_of(tmp_path, MINIMAL.replace("kind: medquad", "kind: medquad\n      pathh: x"))
    assert f"{tmp_path}/recipe.yaml:5: unknown key `collect.sources.0.pathh`; did you mean `path`?" in said


def test_all_problems_come_at_once_with_their_lines(tmp_path: Path) -> None:
    said = problem_of(tmp_path, MINIMAL + "seed: many\ntrain:\n  lora_r: 0\n  batch: 2\n")
    file = tmp_path / "recipe.yaml"
    assert "3 problems" in said
    assert f"{file}:5: `seed`" in said and "(it is 'many')" in said
    assert f"{file}:7: `train.lora_r`" in said
    assert f"{file}:8: unknown key `train.batch`" in said


def test_missing_keys_and_values_outside_of_a_choice(tmp_path: Path) -> None:
    assert "`collect` is required" in problem_of(tmp_path, "name: small\n")
    assert "Q4_K_X" in problem_of(tmp_path, MINIMAL + "export:\n  quantizations: [Q4_K_X]\n")
    assert "`name`" in problem_of(tmp_path, MINIMAL.replace("small", "Not A Name"))


def test_yaml_mistakes_name_their_line(tmp_path: Path) -> None:
    assert "recipe.yaml:2" in problem_of(tmp_path, "name: small\n  seed: 3\n")
    assert "recipe.yaml:3" in problem_of(tmp_path, "name: small\nseed: 3\nseed: 4\n")
    assert "a recipe is a plain mapping" in problem_of(tmp_path, "- a\n- b\n")
    assert "a recipe is a plain mapping" in problem_of(tmp_path, "")


def test_an_impossible_date_and_an_anchor_that_holds_itself_are_yaml_mistakes(tmp_path: Path) -> None:
    assert "month must be" in problem_of(tmp_path, "name: 2024-99-99\n")
    assert "plain mapping" in problem_of(tmp_path, "name: x\ncollect: &a {sources: [*a]}\n")


def test_a_recipe_that_is_not_there_or_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="file not found"):
        load_recipe(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("description: é\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        load_recipe(tmp_path / "latin.yaml")


def test_overrides_are_read_as_yaml_and_may_open_sections(tmp_path: Path) -> None:
    file = write(tmp_path, MINIMAL)
    overrides = (
        "train.max_steps=5",
        "export.quantizations=[Q8_0, Q2_K]",
        "base={path: ../model}",
        "collect.sources.0.limit=9",
    )
    recipe = load_recipe(file, overrides)
    assert recipe.collect.sources[0].limit == 9
    assert recipe.train.max_steps == 5
    assert recipe.export.quantizations == ("Q8_0", "Q2_K")
    assert recipe.base == LocalBase(path="../model")


@pytest.mark.parametrize(
    "override",
    ["train.max_steps", "=5", "train..max_steps=5", "seed=[1", "seed=2024-99-99", "collect.sources.1.limit=3"],
)
def test_an_override_that_cannot_be_read(tmp_path: Path, override: str) -> None:
    assert "--set" in problem_of(tmp_path, MINIMAL, override)


def test_an_override_with_a_wrong_value_says_where_it_comes_from(tmp_path: Path) -> None:
    said = problem_of(tmp_path, MINIMAL + "seed: 3\n", "seed=-1")
    assert "--set or default: `seed`" in said or "recipe.yaml" in said
    assert "-1" in said


KEYS = [*Recipe.model_fields, "sources", "kind", "path", "gate", "lora_r", "nonsense"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab: -[", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_mapping_is_a_recipe_or_a_recipe_error(values: dict[str, object]) -> None:
    text = yaml.safe_dump(values)
    try:
        recipe = check(*parse_yaml(text, "x.yaml"), "x.yaml")
    except RecipeError as error:
        assert "problem" in str(error) and error.next_step
    else:
        assert check(recipe.model_dump(mode="json"), {}, "again") == recipe


@given(st.text(max_size=60))
def test_any_text_ends_in_values_or_a_medtune_error(text: str) -> None:
    try:
        values, lines = parse_yaml(text, "x.yaml")
    except MedtuneError:
        return
    assert all(line >= 1 for line in lines.values()) and isinstance(values, dict)
