"""suite.json: the models of a suite with their verdicts, and the digests that lead to each release."""

from typing import Literal

from medtune.runs.records.base import Row


class SuiteModel(Row):
    """One model of the suite; the files that are named lie below the suite's folder."""

    name: str
    """Name of its recipe and of its run directory in the suite's folder."""
    task: str
    state: Literal["released", "missing", "failed"]
    """`missing`: no build passed the gate; `failed`: its run did not come to a release."""
    build: str | None
    """Name of the released build."""
    verdict: str | None
    scope: str
    reason: str
    """Why this build, or why none."""
    file: str | None
    """The released GGUF."""
    sha256: str | None
    """Of the released GGUF."""
    size_bytes: int | None
    release: str | None
    """Its release.json; None when its run did not come so far."""
    release_sha256: str | None
    report: str | None
    """Its report's page."""


class SuiteRelease(Row):
    """All models of a suite, released or missing."""

    name: str
    description: str
    medtune: str
    complete: bool
    """True when every model was released."""
    models: tuple[SuiteModel, ...]
