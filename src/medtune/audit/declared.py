"""The gate as declared, and the one digest of everything that a verdict depends on beside the answers."""

from dataclasses import asdict
from typing import Any

from medtune.audit import gate as rules
from medtune.audit.checks import garble, integrity, refusal, structure
from medtune.audit.gate import Gate
from medtune.config.audit import AuditSection
from medtune.core.hashing import digest_json
from medtune.detect import garble as garble_detector
from medtune.detect import refusal as refusal_detector
from medtune.tasks import Task, contract_digest


def gate_of(section: AuditSection) -> Gate:
    """The gate as plain fractions."""
    declared = section.gate
    return Gate(
        scope=section.scope,
        margin=declared.margin_points / 100,
        confidence=declared.confidence,
        parent_floor=declared.parent_floor,
        garble_limit=declared.garble_limit,
        refusal_limit=declared.refusal_limit,
        min_cases=declared.min_cases,
    )


def gate_parts(gate: Gate, task: Task) -> dict[str, Any]:
    """All that a verdict depends on beside the answers."""
    return {
        "gate": asdict(gate),
        "rules": rules.RULES_VERSION,
        "contract": contract_digest(task),
        "checks": {check.NAME: check.VERSION for check in (integrity, structure, refusal, garble)},
        "detectors": {
            "garble": {"version": garble_detector.VERSION, **garble_detector.THRESHOLDS},
            "refusal": {"version": refusal_detector.VERSION, **refusal_detector.THRESHOLDS},
        },
    }


def gate_digest(gate: Gate, task: Task) -> str:
    """Hex sha256 of the parts above: any change of the instrument is another gate."""
    return digest_json(gate_parts(gate, task))
