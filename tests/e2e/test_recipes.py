"""Every shipped recipe, whole, on the embedded base and with its sources on a local server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from command import call
from pages import Site, site
from sites import KEYS, address_overrides, reply

from medtune.cli.main import cli
from medtune.config.collect import CollectSection
from medtune.config.load import load_recipe
from medtune.config.suite import is_suite_recipe, load_suite_recipe
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.layout import STAGE_FOLDERS, RunDir
from medtune.runs.manifest import read_manifest
from medtune.ship.verify import verify_run

FOLDER = Path(__file__).parents[2] / "recipes"
ALL = sorted(FOLDER.rglob("*.yaml"))
SUITES = [path for path in ALL if is_suite_recipe(path)]
RECIPES = [path for path in ALL if path not in SUITES and path.stem != "quickstart"]
TRY = ("base=tiny", "train.method=lora", "train.max_steps=5", "suites.limit=20")
"""As the recipes' own comments say how to try them."""
NEEDS = ("# Needs", "#   card", "#   disk", "#   time", "#   terms")


def named(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def tried(path: Path) -> str:
    """What a recipe comes to with these overrides, but for what its artefacts are called."""
    values = load_recipe(path, TRY).model_dump(mode="json")
    return json.dumps({key: value for key, value in values.items() if key not in ("name", "description")})


WHOLE = list({tried(path): path for path in reversed(RECIPES)}.values())[::-1]
"""Recipes that differ with these overrides: of those that differ in their base alone one is run for all."""


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with site(reply) as made:
        yield made


def invoke(*words: object) -> str:
    done = CliRunner().invoke(cli, [str(word) for word in words], prog_name="medtune")
    assert done.exit_code == 0, done.output
    return done.output


def test_the_shipped_recipes_are_those_that_the_documents_name() -> None:
    text = (FOLDER.parent / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert len(RECIPES) >= 12 and len(SUITES) == 1
    assert [named(path) for path in ALL if f"recipes/{named(path)}" not in text] == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_recipe_opens_with_what_it_needs(path: Path) -> None:
    head = path.read_text(encoding="utf-8").partition("\n\nname:")[0]
    assert f"medtune run recipes/{named(path)}" in head
    if path in RECIPES:
        assert [word for word in NEEDS if word not in head] == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_recipe_validates_as_it_is_and_plans_every_stage(path: Path, tmp_path: Path) -> None:
    assert "valid" in invoke("validate", path)
    tried = () if path.stem == "quickstart" else ("--set", *TRY)
    assert "valid" in invoke("validate", path, *tried)
    said = invoke("run", path, "--dry-run", "--runs", tmp_path / "runs", *tried)
    models = len(load_suite_recipe(path).suite.models) if path in SUITES else 1
    assert said.count(": would run") == models * len(STAGE_FOLDERS) and not (tmp_path / "runs").exists()


def commented_sources(text: str) -> list[str]:
    """Each source that stands in a recipe as a comment, as the YAML that it becomes without its `# `."""
    found: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("    # - kind:"):
            found.append([])
            inside = True
        inside = inside and line.startswith(("    # - kind:", "    #   "))
        if inside:
            found[-1].append(line.replace("# ", "", 1))
    return ["\n".join(lines) for lines in found]


@pytest.mark.parametrize("path", RECIPES, ids=named)
def test_what_stands_there_as_a_comment_is_right_too(path: Path) -> None:
    for text in commented_sources(path.read_text(encoding="utf-8")):
        CollectSection.model_validate(yaml.safe_load(f"sources:\n{text}"))


def test_every_clinical_recipe_shows_the_way_to_an_export_and_to_a_teacher() -> None:
    shown = {path: "".join(commented_sources(path.read_text(encoding="utf-8"))) for path in RECIPES}
    clinical = [text for path, text in shown.items() if path.parent.name == "clinical"]
    assert len(clinical) == 4 and all("kind: clinical" in text and "kind: distill" in text for text in clinical)


def test_the_models_of_a_suite_are_shipped_recipes() -> None:
    for path in SUITES:
        files = [path.parent / name for name in load_suite_recipe(path).suite.models]
        assert len(files) > 1 and set(files) <= set(RECIPES)


def test_what_is_run_whole_stands_for_every_recipe() -> None:
    assert {tried(path) for path in WHOLE} == {tried(path) for path in RECIPES}
    left_out = {named(path) for path in RECIPES if path not in WHOLE}
    assert left_out == {"medical-qa/smollm-1.7b.yaml", "sources/mistral-7b.yaml", "sources/qwen2.5-7b.yaml"}


@pytest.mark.slow
@pytest.mark.parametrize("path", WHOLE, ids=named)
def test_a_recipe_runs_whole(path: Path, server: Site, toolchain: Toolchain, tmp_path: Path) -> None:
    recipe = load_recipe(path)
    settings = [*TRY, *address_overrides(recipe, server.address)]
    done = call(["run", str(path), "--runs", str(tmp_path), "--set", *settings], **KEYS)
    assert done.returncode in (0, 3), done.stderr
    assert "Traceback" not in done.stderr and "crash" not in done.stderr
    run = RunDir(tmp_path / recipe.name)
    assert not list(run.path.glob("*.partial"))
    for name in STAGE_FOLDERS:
        manifest = read_manifest(run, name)
        assert manifest.digest == manifest.compute_digest()
    assert verify_run(run) == [], "nothing lies outside of the run that could not be checked"
    kinds = {source.kind for source in recipe.collect.sources}
    assert not (kinds & {"openfda", "pubmed", "nhs", "cdc", "hub"}) or server.asked
