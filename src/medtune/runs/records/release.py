"""07-release: release.json."""

from typing import Any

from medtune.runs.records.base import Row


class Release(Row):
    """What was released, or why nothing was."""

    name: str
    released: str | None
    """Name of the build; None when no build passed."""
    verdict: str | None
    scope: str
    reason: str
    file: str | None
    sha256: str | None
    files: dict[str, str]
    """sha256 of every other file of the release."""
    digests: dict[str, Any]
    """Every digest back to the data: sources, stages' manifests, adapter, builds."""
    rejected: tuple[dict[str, Any], ...]
    """Builds that were not released, with their verdicts."""
    tools: dict[str, Any]
