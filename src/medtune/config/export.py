"""`export:` which builds are made of the tuned model."""

from typing import Literal

from pydantic import Field

from medtune.config.base import Section

Quantization = Literal[
    "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K"
]


class ExportSection(Section):
    """Merge, GGUF and quantizations. F16 is always made: it is the parent that the others are compared with."""

    quantizations: tuple[Quantization, ...] = Field(default=("Q8_0", "Q4_K_M"), min_length=1)
    """The quantizations, each audited on its own."""
