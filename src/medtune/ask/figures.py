"""What asked.json says beside the setting: which suites were asked, and what each build cost."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from medtune.ask.asking import Asked
from medtune.ask.cases import HELD_OUT
from medtune.runs.records.ask import AskedCase, Response
from medtune.suites import load_suite


def figures(answers: Collection[Response], asked: Asked) -> dict[str, Any]:
    """One build's counts and times; `tokens_per_s` is that of one slot, reading the prompts included."""
    tokens = sum(answer.completion_tokens for answer in answers)
    seconds = sum(answer.seconds for answer in answers)
    return {
        "answers": len(answers),
        "errors": sum(answer.finish_reason == "error" for answer in answers),
        "answer_tokens": tokens,
        "answer_seconds": round(seconds, 3),
        "tokens_per_s": round(tokens / seconds, 1) if seconds else 0.0,
        "wall_seconds": round(asked.seconds, 3),
        "restarts": asked.restarts,
        "flags": asked.flags,
    }


def suite_facts(names: Sequence[str], cases: Sequence[AskedCase], folder: Path) -> dict[str, dict[str, Any]]:
    """What was asked of the held-out examples and of each suite, and which version of it."""
    found: dict[str, dict[str, Any]] = {}
    for suite in (None, *(load_suite(name, folder) for name in names)):
        name = suite.name if suite else HELD_OUT
        mine = [case for case in cases if case.suite == name]
        found[name] = {
            "cases": len(mine),
            "gated": sum(case.gated for case in mine),
            "clinical": sum(case.clinical for case in mine),
        }
        if suite:
            found[name] |= {"version": suite.version, "digest": suite.digest, "title": suite.title, "note": suite.note}
    return found
