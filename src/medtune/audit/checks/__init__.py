"""One file a check, one line here. A check looks at one answer and says pass, fail or review, with its words quoted."""

from collections.abc import Callable, Sequence

from medtune.audit.checks import (
    contradiction,
    disclaimer,
    emergency_number,
    faithful,
    garble,
    integrity,
    language,
    likelihood,
    must,
    must_not,
    novelty,
    order,
    refusal,
    slots,
    structure,
    verbatim,
)
from medtune.audit.checks.answer import Answer, Novelty, Surprise
from medtune.runs.records.audit import CheckResult

Check = Callable[[Answer], CheckResult | Sequence[CheckResult] | None]
"""None means that the check does not apply to this answer."""

_MODULES = (
    integrity,
    structure,
    refusal,
    garble,
    language,
    must,
    must_not,
    order,
    slots,
    emergency_number,
    contradiction,
    verbatim,
    faithful,
    disclaimer,
    likelihood,
    novelty,
)

CHECKS: dict[str, Check] = {module.NAME: module.check for module in _MODULES}
"""Every check, in the order in which grades list them."""

FORM_CHECKS = (integrity.NAME, structure.NAME, refusal.NAME, garble.NAME)
"""Checks that need no rubric."""

VERSIONS: dict[str, int] = {module.NAME: module.VERSION for module in _MODULES}
"""Version of each check: part of the instrument's digest."""

__all__ = ["CHECKS", "FORM_CHECKS", "VERSIONS", "Answer", "Check", "Novelty", "Surprise"]
