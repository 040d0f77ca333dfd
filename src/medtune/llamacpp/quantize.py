"""Quantization types and the call that makes one build from another."""

import re
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import ToolchainError, UsageError
from medtune.core.io import disk_errors
from medtune.core.proc import run_tool
from medtune.llamacpp.toolchain import Toolchain


@dataclass(frozen=True)
class QuantType:
    """A file type of llama-quantize. `bits_per_weight` is that of its main tensor type; mixtures use more."""

    name: str
    bits_per_weight: float
    needs_imatrix: bool = False

    @property
    def uses_imatrix(self) -> bool:
        """False for types whose quantizer looks at no importance matrix (`GGML_UNUSED(quant_weights)` in ggml)."""
        return self.bits_per_weight < 8


TYPES: dict[str, QuantType] = {
    kind.name: kind
    for kind in (
        QuantType("F32", 32.0),
        QuantType("BF16", 16.0),
        QuantType("F16", 16.0),
        QuantType("Q8_0", 8.5),
        QuantType("Q6_K", 6.5625),
        QuantType("Q5_K_M", 5.5),
        QuantType("Q5_K_S", 5.5),
        QuantType("Q5_1", 6.0),
        QuantType("Q5_0", 5.5),
        QuantType("Q4_K_M", 4.5),
        QuantType("Q4_K_S", 4.5),
        QuantType("Q4_1", 5.0),
        QuantType("Q4_0", 4.5),
        QuantType("IQ4_NL", 4.5),
        QuantType("IQ4_XS", 4.25),
        QuantType("Q3_K_L", 3.4375),
        QuantType("Q3_K_M", 3.4375),
        QuantType("Q3_K_S", 3.4375),
        QuantType("IQ3_M", 3.4375),
        QuantType("IQ3_S", 3.4375),
        QuantType("IQ3_XS", 3.4375, needs_imatrix=True),
        QuantType("IQ3_XXS", 3.0625, needs_imatrix=True),
        QuantType("Q2_K", 2.625),
        QuantType("Q2_K_S", 2.625, needs_imatrix=True),
        QuantType("IQ2_M", 2.5625, needs_imatrix=True),
        QuantType("IQ2_S", 2.3125, needs_imatrix=True),
        QuantType("IQ2_XS", 2.3125, needs_imatrix=True),
        QuantType("IQ2_XXS", 2.0625, needs_imatrix=True),
        QuantType("IQ1_M", 1.75, needs_imatrix=True),
        QuantType("IQ1_S", 1.5625, needs_imatrix=True),
    )
}
"""Bits from `GGML_QUANT_SIZES` of llama.cpp's gguf-py; importance matrix from its `tensor_requires_imatrix`."""

_FALLBACK = re.compile(
    r"(?P<tensor>\S+)\s+- ncols\s+(?P<columns>\d+) not divisible by\s+(?P<block>\d+) "
    r"\(required for type\s+(?P<wanted>\S+?)\s*\).*?-> falling back to\s+(?P<used>\S+)"
)


@dataclass(frozen=True)
class Fallback:
    """A tensor whose rows do not fit the wanted type, and the type that it got instead."""

    tensor: str
    columns: int
    wanted: str
    used: str


@dataclass(frozen=True)
class Quantized:
    """A finished build."""

    file: Path
    type: str
    size_bytes: int
    seconds: float
    fallbacks: tuple[Fallback, ...]


def quant_type(name: str) -> QuantType:
    """The type of this name, any case. Raises UsageError with the nearest known names."""
    from difflib import get_close_matches

    if found := TYPES.get(name.upper()):
        return found
    near = get_close_matches(name.upper(), TYPES, n=3, cutoff=0.5) or list(TYPES)
    raise UsageError(f"unknown quantization {name!r}", next_step=f"use one of {', '.join(near)}")


def quantize(
    toolchain: Toolchain,
    source: Path,
    out_file: Path,
    type: str,
    *,
    threads: int,
    imatrix: Path | None = None,
    log: Path | None = None,
) -> Quantized:
    """Quantize the GGUF `source` (F16, BF16 or F32) to `out_file`, which is whole or absent.

    Raises UsageError for an unknown type or one that needs an importance matrix, ResourceError for a full disk,
    ToolchainError when llama-quantize fails.
    """
    kind = quant_type(type)
    if kind.needs_imatrix and imatrix is None:
        raise UsageError(
            f"{kind.name} needs an importance matrix, and there is none",
            next_step="set `export.imatrix: needed`, or choose a type that needs none, such as Q3_K_M or Q2_K",
        )
    partial = out_file.with_name(f"{out_file.name}.partial")
    argv: list[str | Path] = [toolchain.quantize]
    cwd = None
    if imatrix is not None:
        # The name that is given here is written into the build: without the folder, so that no path gets into it.
        argv += ["--imatrix", imatrix.name]
        cwd = imatrix.absolute().parent
    argv += [source.absolute(), partial.absolute(), kind.name, str(threads)]
    lines: list[str] = []
    with disk_errors(out_file):
        out_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            done = run_tool(
                argv,
                what=f"quantizing to {kind.name}",
                log=log.absolute() if log else None,
                cwd=cwd,
                writes=out_file,
                on_line=lines.append,
            )
            if not partial.is_file():
                raise ToolchainError(
                    f"quantizing to {kind.name}: the tool wrote nothing",
                    next_step="run `medtune toolchain install` again",
                )
            partial.replace(out_file)
        finally:
            partial.unlink(missing_ok=True)
    return Quantized(out_file, kind.name, out_file.stat().st_size, done.seconds, parse_fallbacks("\n".join(lines)))


def parse_fallbacks(output: str) -> tuple[Fallback, ...]:
    """The fallback warnings in llama-quantize's output, one per tensor."""
    found = {
        match["tensor"]: Fallback(match["tensor"], int(match["columns"]), match["wanted"], match["used"])
        for match in _FALLBACK.finditer(output)
    }
    return tuple(found.values())
