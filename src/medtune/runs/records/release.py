"""07-release: release.json."""

from typing import Any

from pydantic import Field

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
    task: str = ""
    """Name of the task that it was tuned and audited for."""
    build: dict[str, Any] = Field(default_factory=dict)
    """The released file: quantization, tensors and bytes of each type, importance matrix."""
    served: dict[str, Any] = Field(default_factory=dict)
    """How it was asked: backend and version of llama.cpp, decoding, tokens of context, flags."""
    made_with: dict[str, Any] = Field(default_factory=dict)
    """medtune, Python, packages and system of the run."""
    adjudications: dict[str, Any] = Field(default_factory=dict)
    """Persons' decisions that the verdicts rest on: how many, and the sha256 of adjudications.jsonl."""
    sign_off: str | None = None
    """Who signed the verdict of the released build."""
    figures: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """What the audit measured of every build, the rejected ones too."""
    covers: str = ""
    """What the verdict holds for, in words."""
