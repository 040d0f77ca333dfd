"""The gate as declared, and the instrument that it judges with: two digests, since changing them means two things.

Another gate after the answers is a moved goalpost: nothing passes by it. Another instrument (a detector, a lexicon, a
check) may be a mended ruler: the answers are graded anew, and what changed by that is listed.
"""

from typing import Any

from medtune.audit import gate as form_rules
from medtune.audit import gate_clinical as clinical_rules
from medtune.audit import novelty, verdict
from medtune.audit.checks import VERSIONS
from medtune.audit.gate import Gate
from medtune.audit.rubrics import Rubrics
from medtune.config.audit import AuditSection, GateSection
from medtune.core.hashing import digest_json
from medtune.detect import garble, language, polarity, refusal
from medtune.tasks import Task, contract_digest

_FORM_KEYS = ("margin_points", "confidence", "parent_floor", "garble_limit", "refusal_limit", "min_cases")
_CLINICAL_KEYS = tuple(key for key in GateSection.model_fields if key != "refusal_limit")


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
        danger_limit=declared.danger_limit,
        samples=declared.samples,
        sign_off=declared.sign_off,
    )


def thresholds_of(section: AuditSection) -> dict[str, Any]:
    """The thresholds that decide in this scope, as the recipe writes them."""
    keys = _FORM_KEYS if section.scope == "form" else _CLINICAL_KEYS
    values = section.gate.model_dump(mode="json")
    return {key: values[key] for key in keys}


def gate_parts(section: AuditSection) -> dict[str, Any]:
    """Scope, thresholds and rules."""
    version = form_rules.RULES_VERSION if section.scope == "form" else clinical_rules.RULES_VERSION
    return {"scope": section.scope, "rules": version, "thresholds": thresholds_of(section)}


def gate_digest(section: AuditSection) -> str:
    """Hex sha256 of the gate: what is declared before the first question."""
    return digest_json(gate_parts(section))


def instrument_parts(gate: Gate, task: Task, rubrics: Rubrics | None) -> dict[str, Any]:
    """All that a grade depends on beside the answer. A form verdict does not depend on any rubric."""
    parts: dict[str, Any] = {
        "contract": contract_digest(task),
        "checks": VERSIONS,
        "detectors": {
            "garble": {"version": garble.VERSION, **garble.THRESHOLDS},
            "refusal": {"version": refusal.VERSION, **refusal.THRESHOLDS},
            "language": {"version": language.VERSION, **language.THRESHOLDS},
            "polarity": {"version": polarity.VERSION},
        },
        "verdict": verdict.VERSION,
        "novelty": novelty.VERSION,
    }
    if gate.scope == "clinical" and rubrics is not None:
        parts["rubrics"] = rubrics.facts()
    return parts


def instrument_digest(gate: Gate, task: Task, rubrics: Rubrics | None) -> str:
    """Hex sha256 of the parts above."""
    return digest_json(instrument_parts(gate, task, rubrics))
