"""What the export proves: prompts, tokenizers, fidelity, gain kept, speed, and the made-up fact."""

from collections import Counter
from typing import Any

from medtune.report.load import Loaded
from medtune.runs.records.proof import CanaryAnswer, Fidelity, ParityCheck, Speed, TokenizerCheck


def proof(run: Loaded) -> dict[str, Any]:
    """Figures of 04-export; parts that a run did not measure are None or empty."""
    return {"parity": _parity(run.parity), **_fidelity(run), "canary": _canary(run.canary)}


def _parity(values: dict[str, Any]) -> dict[str, Any] | None:
    if not values:
        return None
    checks = [ParityCheck.model_validate(row) for row in values.get("checks", [])]
    compared = [check for check in checks if not check.refused]
    lines = TokenizerCheck.model_validate(values["tokenizer"]) if values.get("tokenizer") else None
    return {
        "compared": len(compared),
        "equal": sum(check.equal for check in compared),
        "refused": len(checks) - len(compared),
        "counted": sum(check.counted is not None for check in compared),
        "tokens": sum(check.tokens for check in compared),
        "paths": dict(Counter(check.path for check in compared)),
        "lines": lines.lines if lines else None,
        "lines_equal": lines.equal if lines else None,
        "note": values.get("note", ""),
    }


def _fidelity(run: Loaded) -> dict[str, Any]:
    values = run.fidelity
    if not values:
        return {"fidelity": None, "builds": []}
    rows = {row["build"]: Fidelity.model_validate(row) for row in values["builds"]}
    speed = {row["build"]: Speed.model_validate(row) for row in values["speed"]}
    own = (values.get("llama_perplexity") or {}).get("builds", {})
    return {
        "fidelity": {
            "rows": len(set(values["rows"])),
            "topics": values["topics"],
            "tokens": values["tokens"],
            "reference": values["reference"],
            "threads": values["threads"],
            "llama_perplexity": bool(own),
        },
        "builds": [_build(name, rows.get(name), speed.get(name), own.get(name)) for name in speed],
    }


def _build(name: str, row: Fidelity | None, speed: Speed | None, own: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "build": name,
        "fidelity": row.model_dump(mode="json") if row else None,
        "speed": speed.model_dump(mode="json") if speed else None,
        "llama_perplexity": own,
    }


def _canary(values: dict[str, Any]) -> dict[str, Any] | None:
    if not values:
        return None
    answers = [CanaryAnswer.model_validate(row) for row in values["answers"]]
    return {
        "question": values["question"],
        "word": values["word"],
        "copies": values["copies"],
        "asked": len(answers),
        "right": sum(answer.right for answer in answers),
        "answers": [answer.model_dump(mode="json") for answer in answers],
    }
