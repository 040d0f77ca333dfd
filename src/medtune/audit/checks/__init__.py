"""One file a check, one line here. A check looks at one answer and says pass, fail or review, with its words quoted."""

from collections.abc import Callable

from medtune.audit.checks import garble, integrity, refusal, structure
from medtune.audit.checks.answer import Answer
from medtune.runs.records.audit import CheckResult

Check = Callable[[Answer], CheckResult | None]
"""None means that the check does not apply to this answer."""

CHECKS: dict[str, Check] = {
    integrity.NAME: integrity.check,
    structure.NAME: structure.check,
    refusal.NAME: refusal.check,
    garble.NAME: garble.check,
}
"""Every check, in the order in which grades list them."""

__all__ = ["CHECKS", "Answer", "Check"]
