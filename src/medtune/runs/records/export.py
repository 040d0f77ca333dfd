"""04-export: builds.json."""

from typing import Literal

from pydantic import Field

from medtune.runs.records.base import Row

BASE_BUILD = "base-F16"
PARENT_BUILD = "F16"
WITH_IMATRIX = "-imatrix"
"""Ends the name of a build that was made with an importance matrix and could have been made without."""


class Build(Row):
    """One GGUF that is asked and audited."""

    name: str
    """`base-F16`, `F16` (the tuned parent) or the quantization's name, with `-imatrix` behind it for the second
    candidate."""
    role: Literal["base", "parent", "quantization"]
    quantization: str
    file: str
    """Relative to the export folder."""
    size_bytes: int
    sha256: str
    tensor_types: dict[str, int]
    """How many tensors the file really holds of each type."""
    types_bytes: dict[str, int] = Field(default_factory=dict)
    """Bytes of the file's tensors of each type."""
    imatrix: str | None = None
    """sha256 of the importance matrix that it was made with."""
    warnings: tuple[str, ...] = ()
    """What the quantizer said of tensors that it could not treat as asked."""
    seconds: float
