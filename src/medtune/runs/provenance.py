"""provenance.json: which medtune, packages, machine and recipe made a run."""

import os
import platform
import sys
from importlib import metadata
from typing import Any

import medtune
from medtune.core.io import write_json
from medtune.runs.layout import PROVENANCE, RunDir

_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "safetensors", "sentencepiece", "numpy")


def describe() -> dict[str, Any]:
    """Versions and machine, without host or user names."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "medtune": medtune.__version__,
        "python": sys.version.split()[0],
        "packages": versions,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def write_provenance(
    run: RunDir, recipe_folder: str, overrides: tuple[str, ...], base: dict[str, Any] | None = None
) -> None:
    """Write provenance.json at the top of the run directory; `base` names the base model and its digest."""
    values = {**describe(), "recipe_folder": recipe_folder, "overrides": list(overrides)}
    write_json(run.file(PROVENANCE), values | ({"base": base} if base else {}))
