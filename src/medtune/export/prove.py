"""Measure what an export is worth: fidelity, gain kept and speed of every build, and the made-up fact asked of each.

Figures stay with the digest of their build: an added quantization measures only itself and what it is compared with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medtune.export.bench import Bench
from medtune.export.canary_file import CanaryTrial, write_canary
from medtune.export.fidelity_file import write_fidelity
from medtune.export.heldout import held_out
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.library import has_library
from medtune.llamacpp.score import context_length
from medtune.runs.records.prepare import Example


@dataclass(frozen=True)
class Trial:
    """What is measured, and with what."""

    examples: tuple[Example, ...]
    """Chats that are scored: held-out rows of a run, never trained on; without a run, bundled prose as chats."""
    rows: int
    """At most so many of them; 0: neither fidelity nor speed is measured."""
    perplexity: bool = False
    """Also run llama-perplexity's own comparison."""
    canary: CanaryTrial | None = None
    text: str = "held-out chats"
    """What the chats are, for whoever reads the figures."""


def steps_of(builds: int, trial: Trial) -> int:
    """How often `prove` calls `on_step` at most, for so many builds with the base."""
    return (builds + 1) * (trial.rows > 0) + 2 * (trial.canary is not None)


def prove(bench: Bench, trial: Trial, on_step: Callable[[str], None]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Write fidelity.json and canary.json beside the builds; facts and warnings for the manifest.

    Raises ModelError, DataError, ToolchainError.
    """
    facts: dict[str, Any] = {}
    warnings: list[str] = []
    if not trial.rows and trial.canary is None:
        return facts, ()
    if not has_library(bench.toolchain):
        return facts, ("fidelity was not measured: this llama.cpp has no libllama with its ctypes layer",)
    if trial.rows:
        context = context_length(read_gguf(bench.path(bench.parent)))
        chats = held_out(trial.examples, bench.tokenizer, most=trial.rows, context=context)
        if chats.tokens:
            read = set(chats.rows) if trial.perplexity else set()
            rows = [example for example in trial.examples if example.id in read]
            facts["fidelity"] = write_fidelity(bench, chats, text=trial.text, perplexity_rows=rows, on_step=on_step)
        else:
            warnings.append("fidelity was not measured: there is no chat that fits into the model's context")
    if trial.canary is not None:
        answers = write_canary(bench, trial.canary, on_step)
        lost = [one.build for one in answers if not one.right]
        facts["canary"] = {"asked": len(answers), "right": len(answers) - len(lost)}
        if lost:
            warnings.append(f"the made-up fact of this run is not known to {', '.join(lost)}")
    return facts, tuple(warnings)
