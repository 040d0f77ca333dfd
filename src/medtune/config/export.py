"""`export:` which builds are made of the tuned model."""

from typing import Literal, get_args

from pydantic import Field, field_validator

from medtune.config.base import Section

Quantization = Literal[
    "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K",
    "IQ4_XS", "IQ4_NL", "IQ3_M", "IQ3_XXS", "IQ2_M", "IQ2_XS",
]  # fmt: skip
QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)
"""Every type that `all` makes."""
ImatrixUse = Literal["none", "needed", "domain", "both"]
"""For which types an importance matrix is used."""


class ExportSection(Section):
    """Merge, GGUF and quantizations. F16 is always made: it is the parent that the others are compared with."""

    quantizations: tuple[Quantization, ...] | Literal["all"] = Field(default=("Q8_0", "Q4_K_M"))
    """The quantizations, each audited on its own, or `all` of them."""
    imatrix: ImatrixUse | None = None
    """Importance matrix from the training split and medical prose: `none`; `needed` by types that cannot be made
    without one; `domain`: used by every type that can; `both`: each of those with and without, as two builds (`Q4_K_M`
    and `Q4_K_M-imatrix`). Without this key: `needed` with `quantizations: all`, else `none`."""
    calibration_tokens: int = Field(default=32_768, ge=2048)
    """Tokens of text that the importance matrix is made from: half training chats, half medical prose."""

    fidelity_rows: int = Field(default=24, ge=0)
    """At most so many held-out chats on which each build's predictions are compared with F16's; 0 measures neither
    fidelity nor speed."""
    llama_perplexity: bool = False
    """Also run llama-perplexity's own comparison on these chats and show its figures beside ours. Slow."""

    @field_validator("quantizations")
    @classmethod
    def _each_once(cls, value: tuple[str, ...] | str) -> tuple[str, ...] | str:
        twice = sorted({name for name in value if value.count(name) > 1}) if isinstance(value, tuple) else []
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice")
        if not value:
            raise ValueError("name at least one quantization")
        return value

    @property
    def types(self) -> tuple[str, ...]:
        """The quantizations by name, `all` spelled out."""
        return QUANTIZATIONS if self.quantizations == "all" else self.quantizations

    @property
    def imatrix_use(self) -> ImatrixUse:
        """`imatrix` with its default worked out."""
        return self.imatrix or ("needed" if self.quantizations == "all" else "none")
