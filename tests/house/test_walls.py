"""The house itself: walls, front doors, light imports, no machine's paths."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import medtune

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "medtune"
ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
HEAVY = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "datasets",
    "scipy",
    "rich",
    "jinja2",
    "httpx",
    "sentencepiece",
    "numpy",
)


def test_the_walls_stand() -> None:
    linter = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "walls of the house KEPT" in done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_front_door_that_says_what_it_is(room: str) -> None:
    module = importlib.import_module(f"medtune.{room}")
    assert module.__doc__ and module.__doc__.strip()
    exported = getattr(module, "__all__", [])
    assert sorted(exported) == sorted(set(exported))
    assert [name for name in exported if not hasattr(module, name)] == []


def test_what_a_room_exports_is_what_its_front_door_imports() -> None:
    for room in ROOMS:
        tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
        imported = {
            alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        exported = set(getattr(importlib.import_module(f"medtune.{room}"), "__all__", ()))
        assert imported <= exported, f"medtune.{room} imports what it does not export: {imported - exported}"


def test_every_module_says_what_it_is() -> None:
    silent = [
        path for path in SOURCE.rglob("*.py") if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize("module", ["medtune.cli.main", "medtune.pipeline.stages", "medtune.pipeline.run"])
def test_light_modules_import_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_same_everywhere() -> None:
    from importlib import metadata

    assert metadata.version("medtune") == medtune.__version__


def test_only_the_room_of_base_models_speaks_to_the_hub() -> None:
    """huggingface_hub brings an HTTP client of its own; there it is put behind `egress`."""
    users = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.startswith("huggingface_hub") for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("huggingface_hub"))
    }
    assert users == {"chat/hub.py"}
