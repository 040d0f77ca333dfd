"""`release:` which of the passing builds is packaged."""

from typing import Literal

from medtune.config.base import Section
from medtune.config.export import Quantization


class ReleaseSection(Section):
    """The highest verdict class wins; `prefer` decides among equals."""

    prefer: Literal["smallest", "largest", "F16"] | Quantization = "smallest"
    """`smallest` or `largest` file among the builds of the highest class, or a build by name if it is one of them."""
