"""The A/A noise floor: how often the same file, asked the same question again, gives another answer.

One slot without a prompt cache gives the same answers. Parallel slots share batches, which changes the last bits of the
arithmetic; how much comes of it depends on model and machine, so it is measured and published beside the verdicts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medtune.ask.answers import Known
from medtune.ask.asking import ask_build
from medtune.ask.setting import Setting
from medtune.core.stats import wilson
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.records.ask import AskedCase, Response

_CASES = 80


def measure_noise(
    toolchain: Toolchain, gguf: Path, cases: Sequence[AskedCase], setting: Setting, known: Known, *, logs: Path
) -> dict[str, Any]:
    """Ask F16 again, at most 80 cases and in reverse order, and count the answers that differ."""
    again: list[Response] = []
    chosen = list(cases)[:_CASES]
    questions = [(case, 0) for case in reversed(chosen)]
    ask_build(toolchain, "F16-again", gguf, questions, setting=setting, logs=logs, on_answer=again.append)
    changed = sum(known[answer.case, 0].text != answer.text for answer in again)
    rate = wilson(changed, len(again))
    return {"asked_twice": len(again), "changed": changed, "rate": rate.rate, "low": rate.low, "high": rate.high}
