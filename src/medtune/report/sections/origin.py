"""Provenance: versions, digests, times, builds and the recipe itself."""

from typing import Any

from medtune.report.load import Loaded
from medtune.report.sections.words import STAGE_WORDS


def provenance(run: Loaded) -> dict[str, Any]:
    """Everything that somebody needs to make the same run again."""
    machine = {key: value for key, value in run.provenance.items() if key not in ("recipe_folder", "packages", "base")}
    return {
        "machine": machine,
        "base": run.provenance.get("base"),
        "packages": run.provenance.get("packages", {}),
        "stages": [
            {
                "stage": stage,
                "words": STAGE_WORDS[stage],
                "started": manifest.started,
                "seconds": manifest.seconds,
                "digest": manifest.digest,
                "tools": manifest.tools,
            }
            for stage, manifest in run.manifests.items()
        ],
        "seconds": sum(manifest.seconds for manifest in run.manifests.values()),
        "builds": [build.model_dump(mode="json") for build in run.builds],
        "release_digests": run.release.digests,
        "recipe": run.recipe,
    }
