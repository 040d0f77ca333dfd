"""Train, export, ask and audit a recipe with several training seeds: does the gate say the same each time?

    python benchmarks/seeds.py                       recipes/quickstart.yaml with seeds 7, 8 and 9, one after another
    python benchmarks/seeds.py --seeds 11 12 --keep runs

Prints one JSON object: for each seed and build the verdict and the whole forms of how many, and for each build the
verdicts side by side. The thresholds are the recipe's own.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from demo import ROOT, facts, measure


def main() -> None:
    """Run each seed in a folder of its own, then set the verdicts side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", type=Path, default=ROOT / "recipes" / "quickstart.yaml")
    parser.add_argument("--seeds", nargs="+", type=int, default=[7, 8, 9])
    parser.add_argument("--keep", type=Path, help="folder for the run directories; a temporary one when left out")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        runs = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        seeds = {seed: one(given.recipe, seed, runs / f"seed-{seed}") for seed in given.seeds}
    builds = list(next(iter(seeds.values()))["builds"])
    together = {build: [seeds[seed]["builds"][build]["verdict"] for seed in seeds] for build in builds}
    print(json.dumps({"seeds": seeds, "verdicts": together}, indent=2))


def one(recipe: Path, seed: int, folder: Path) -> dict[str, Any]:
    """One seed: exit code, seconds, and verdict and whole forms of each build."""
    measured = measure(
        [sys.executable, "-m", "medtune", "run", str(recipe), "--runs", str(folder), "--set", f"seed={seed}"]
    )
    (run,) = [path for path in folder.iterdir() if path.is_dir()]
    verdicts = facts(run)["verdicts"]
    if not verdicts:
        sys.exit(f"seed {seed} ended with exit code {measured['exit_code']} before the audit; see what it said above")
    builds = {
        name: {
            "verdict": values["verdict"],
            "whole_form": f"{values['whole_form']['hits']} of {values['whole_form']['n']}",
            "low": round(values["whole_form"]["low"], 3),
        }
        for name, values in verdicts.items()
    }
    return {"exit_code": measured["exit_code"], "wall_s": measured["wall_s"], "builds": builds}


if __name__ == "__main__":
    main()
