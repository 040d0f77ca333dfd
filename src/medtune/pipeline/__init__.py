"""Stages in their order, and running a recipe through them.

from pathlib import Path
from medtune.pipeline import run_recipe

result = run_recipe(Path("recipes/quickstart.yaml"), runs_folder=Path("runs"))
print(result.run.path, result.released)
"""

from medtune.pipeline.open import OpenRecipe, open_recipe
from medtune.pipeline.plan import Step, plan_run
from medtune.pipeline.run import RunResult, run_recipe
from medtune.pipeline.suite import OpenSuite, SuiteResult, open_suite, run_suite

__all__ = [
    "OpenRecipe",
    "OpenSuite",
    "RunResult",
    "Step",
    "SuiteResult",
    "open_recipe",
    "open_suite",
    "plan_run",
    "run_recipe",
    "run_suite",
]
