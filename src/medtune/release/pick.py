"""Which build is released: the highest verdict class first, then the recipe's preference among equals."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtune.runs.records.audit import Verdict
from medtune.runs.records.export import PARENT_BUILD


@dataclass(frozen=True)
class Choice:
    """The verdict of the chosen build, or None when no build may be released; `reason` says why, in words."""

    verdict: Verdict | None
    reason: str


def pick(verdicts: Sequence[Verdict], prefer: str) -> Choice:
    """Choose among the builds that may be released; the base never is one.

    `prefer` is `smallest`, `largest` or the name of a build, which wins only inside the highest class that was
    reached: a preference never buys a lower class. Equal sizes are decided by name, so that the choice is stable.
    """
    passed = [verdict for verdict in verdicts if verdict.role != "base" and verdict.verdict.releasable]
    if not passed:
        return Choice(None, _why_nothing(verdicts))
    best = min(passed, key=lambda verdict: verdict.verdict.rank).verdict
    equals = [verdict for verdict in passed if verdict.verdict == best]
    named = [verdict for verdict in equals if verdict.build == prefer]
    if named:
        return Choice(named[0], f"{prefer} is preferred by the recipe and reached the highest class, {best}")
    largest = prefer == "largest"
    by_size = sorted(
        equals, key=lambda verdict: (-verdict.size_bytes if largest else verdict.size_bytes, verdict.build)
    )
    word = "largest" if largest else "smallest"
    among = f"the {word} of {len(equals)} builds" if len(equals) > 1 else "the only build"
    reason = f"{among} in the highest class that was reached, {best}"
    if prefer not in ("smallest", "largest"):
        reason += f" (the recipe prefers {prefer}, which is not in that class)"
    return Choice(by_size[0], reason)


def _why_nothing(verdicts: Sequence[Verdict]) -> str:
    judged = [verdict for verdict in verdicts if verdict.role != "base"]
    if not judged:
        return "no build was judged"
    parent = next((verdict for verdict in judged if verdict.build == PARENT_BUILD), None)
    classes = sorted({verdict.verdict for verdict in judged}, key=lambda verdict: verdict.rank)
    counts = ", ".join(f"{sum(verdict.verdict == kind for verdict in judged)} {kind}" for kind in classes)
    text = f"no build passed the gate ({counts})"
    return f"{text}; {PARENT_BUILD}, the parent of all: {parent.rule}" if parent else text
