"""04-export: builds.json."""

from typing import Literal

from medtune.runs.records.base import Row

BASE_BUILD = "base-F16"
PARENT_BUILD = "F16"


class Build(Row):
    """One GGUF that is asked and audited."""

    name: str
    """`base-F16`, `F16` (the tuned parent) or the quantization's name."""
    role: Literal["base", "parent", "quantization"]
    quantization: str
    file: str
    """Relative to the export folder."""
    size_bytes: int
    sha256: str
    tensor_types: dict[str, int]
    """How many tensors the file really holds of each type."""
    warnings: tuple[str, ...] = ()
    """What the quantizer said of tensors that it could not treat as asked."""
    seconds: float
