"""How quickly a GGUF reads and writes on this machine, and how much memory that takes."""

from dataclasses import dataclass
from pathlib import Path

from medtune.llamacpp.library import job_folder, run_library
from medtune.llamacpp.toolchain import Toolchain


@dataclass(frozen=True)
class Run:
    """One prompt read and greedily answered, in a process of its own."""

    prompt_tokens_per_s: float
    generated_tokens_per_s: float
    peak_bytes: int
    """Largest resident memory of that process, the mapped file included."""
    load_s: float
    prompt_tokens: int
    token_ids: tuple[int, ...]
    """The tokens that it wrote."""


def measure_speed(
    toolchain: Toolchain,
    gguf: Path,
    prompt: tuple[int, ...],
    *,
    generated: int,
    threads: int,
    rounds: int = 1,
    log: Path | None = None,
) -> Run:
    """Read `prompt` (the median of `rounds`, after a warm-up) and write `generated` tokens, whatever they are.

    Raises ModelError (it cannot be loaded), ToolchainError (no library, a crash).
    """
    job = {
        "kind": "speed",
        "files": [str(gguf.resolve())],
        "prompt": list(prompt),
        "generated": generated,
        "rounds": rounds,
        "threads": threads,
    }
    with job_folder() as folder:
        facts = run_library(toolchain, folder, job, what="measuring speed", log=log).facts
    return Run(
        prompt_tokens_per_s=facts["prompt_tokens"] / facts["prompt_s"],
        generated_tokens_per_s=facts["generated_tokens"] / facts["generated_s"],
        peak_bytes=int(facts["peak_bytes"]),
        load_s=float(facts["load_s"]),
        prompt_tokens=int(facts["prompt_tokens"]),
        token_ids=tuple(facts["token_ids"]),
    )
