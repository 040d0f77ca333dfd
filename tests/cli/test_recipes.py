"""init and validate: recipes that a person starts from, and what is wrong with them."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from medtune.cli.main import cli
from medtune.cli.skeleton import run_name, skeleton
from medtune.config.load import load_recipe
from medtune.config.recipe import Recipe
from medtune.tasks import TASKS


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, list(words), prog_name="medtune")
    return done.exit_code, done.output


def test_a_new_recipe_is_valid_and_holds_every_key(here: Path) -> None:
    assert call("init", "My Notes.yaml")[0] == 0
    recipe = load_recipe(here / "My Notes.yaml")
    assert recipe.name == "my-notes"
    values = yaml.safe_load((here / "My Notes.yaml").read_text(encoding="utf-8"))
    assert set(values) == set(Recipe.model_fields)
    assert set(values["audit"]["gate"]) == set(type(recipe.audit.gate).model_fields)
    assert recipe.prepare.test_topics == "embedded"


def test_a_new_recipe_for_own_data_names_it_relative_to_the_recipe(here: Path) -> None:
    (here / "data").mkdir()
    (here / "data" / "rows.jsonl").write_text('{"instruction": "a", "output": "b"}\n', encoding="utf-8")
    (here / "recipes").mkdir()
    assert call("init", "recipes/own.yaml", "--data", "data/rows.jsonl", "--base", "models/m")[0] == 0
    recipe = load_recipe(here / "recipes" / "own.yaml")
    assert recipe.collect.sources[0].path == "../data/rows.jsonl"
    assert recipe.model_dump()["base"] == {"path": "../models/m"}
    assert recipe.prepare.converters == ("qa",)


def test_init_overwrites_only_when_told(here: Path) -> None:
    (here / "a.yaml").write_text("mine", encoding="utf-8")
    code, said = call("init", "a.yaml")
    assert code == 2 and "exists already" in said
    assert (here / "a.yaml").read_text(encoding="utf-8") == "mine"
    assert call("init", "a.yaml", "--force")[0] == 0


@pytest.mark.parametrize("words", [("init",), ("init", "no/such/a.yaml"), ("init", "a.yaml", "--task", "terminolgy")])
def test_init_refuses_with_a_next_step(here: Path, words: tuple[str, ...]) -> None:
    code, said = call(*words)
    assert code == 2 and "next:" in said


@pytest.mark.parametrize("task", TASKS)
def test_a_new_recipe_of_any_task_is_valid_as_it_is(here: Path, task: str) -> None:
    assert call("init", "a.yaml", "--task", task)[0] == 0
    code, said = call("validate", "a.yaml")
    assert code == 0, said


def test_init_lists_tasks_suites_and_bases(here: Path) -> None:
    code, said = call("init", "--list")
    assert code == 0
    assert all(word in said for word in ("terminology", "emergency", "tiny"))


def test_every_comment_of_a_new_recipe_stands_before_its_key(here: Path) -> None:
    lines = skeleton(here / "a.yaml", task="terminology", base="tiny", data=None).splitlines()
    key = next(number for number, line in enumerate(lines) if line.strip().startswith("margin_points:"))
    assert lines[key - 1].strip().startswith("#") and "percentage points" in lines[key - 1]


def test_any_file_name_gives_a_valid_run_name() -> None:
    assert run_name(Path("Ärzte Notes (2).yaml")) == "rzte-notes-2"
    assert run_name(Path("---.yaml")) == "my-run"


def test_validate_says_so_and_touches_nothing(here: Path) -> None:
    call("init", "a.yaml")
    before = sorted(here.rglob("*"))
    code, said = call("validate", "a.yaml")
    assert code == 0 and "valid recipe named a" in said
    assert sorted(here.rglob("*")) == before


def test_validate_lists_everything_that_is_not_there(here: Path) -> None:
    call("init", "a.yaml", "--data", "none.jsonl", "--base", "nowhere")
    code, said = call("validate", "a.yaml", "--set", "task=poems", "--set", "suites.names=[emergncy]")
    assert code == 2
    for words in ("none.jsonl", "nowhere", "no task named 'poems'", "emergncy", "4 things"):
        assert words in said
