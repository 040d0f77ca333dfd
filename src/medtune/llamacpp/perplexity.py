"""llama-perplexity's own comparison of two files on running text, to stand beside ours.

It scores every second half of chunks of running text, turn markers and questions included, so its figures are not those
of assistant tokens; they are what other people publish.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import ToolchainError
from medtune.core.proc import run_tool
from medtune.llamacpp.toolchain import Toolchain

CONTEXT = 256
"""Tokens of a chunk; short, so that few rows make enough chunks."""

_ATTEMPTS = 8
"""The tool's log thread is now and then ended before it has written the last lines; the figures are always the same."""

_FIGURES = {
    "kl": re.compile(r"^Mean\s+KLD:\s*(-?[\d.]+)", re.MULTILINE),
    "kl_99": re.compile(r"^99\.0%\s+KLD:\s*(-?[\d.]+)", re.MULTILINE),
    "same_top_percent": re.compile(r"^Same top p:\s*([\d.]+)", re.MULTILINE),
    "perplexity": re.compile(r"^Mean PPL\(Q\)\s*:\s*([\d.]+)", re.MULTILINE),
    "perplexity_ratio": re.compile(r"^Mean PPL\(Q\)/PPL\(base\)\s*:\s*([\d.]+)", re.MULTILINE),
}


@dataclass(frozen=True)
class PerplexityFigures:
    """What the tool prints: KL in nats (mean, 99th percentile), same top token (0 to 1), perplexity and its ratio."""

    kl: float
    kl_99: float
    same_top: float
    perplexity: float
    perplexity_ratio: float


def write_base(toolchain: Toolchain, gguf: Path, text: Path, logits: Path, *, threads: int, log: Path) -> None:
    """Keep the logits of a reference in the file `logits` (2 bytes a token and vocabulary entry).

    Raises ToolchainError.
    """
    argv: list[str | Path] = [*_argv(toolchain, gguf, threads), "--file", text, "--kl-divergence-base", logits]
    run_tool(argv, what="llama-perplexity on F16", log=log, writes=logits)


def compare_perplexity(toolchain: Toolchain, gguf: Path, logits: Path, *, threads: int, log: Path) -> PerplexityFigures:
    """A file against kept logits. Raises ToolchainError, also when the tool prints other words than the pinned one."""
    argv: list[str | Path] = [*_argv(toolchain, gguf, threads), "--kl-divergence-base", logits, "--kl-divergence"]
    said = ""
    for _ in range(_ATTEMPTS):
        said = run_tool(argv, what=f"llama-perplexity on {gguf.name}", log=log).stdout
        if said.rstrip().rpartition("\n")[2].startswith("Same top p"):
            break
    return parse_perplexity(said)


def parse_perplexity(text: str) -> PerplexityFigures:
    """The figures in the tool's output. Raises ToolchainError when one is missing."""
    found = {name: pattern.search(text) for name, pattern in _FIGURES.items()}
    missing = [name for name, match in found.items() if match is None]
    if missing:
        raise ToolchainError(
            f"llama-perplexity printed no {', '.join(missing)}",
            next_step="use the pinned llama.cpp: `medtune toolchain install`",
        )
    values = {name: float(match[1]) for name, match in found.items() if match}
    return PerplexityFigures(
        kl=values["kl"],
        kl_99=values["kl_99"],
        same_top=values["same_top_percent"] / 100,
        perplexity=values["perplexity"],
        perplexity_ratio=values["perplexity_ratio"],
    )


def _argv(toolchain: Toolchain, gguf: Path, threads: int) -> list[str | Path]:
    argv: list[str | Path] = [toolchain.perplexity, "--model", gguf, "--threads", str(threads)]
    return [*argv, "--ctx-size", str(CONTEXT), "--batch-size", str(CONTEXT)]
