"""Kind `steps`: numbered steps, and in an emergency the call for help among the first of them.

Whether a question is an emergency is read from its words (`signs`), so the same question always asks for the same. A
call that hangs on a condition («call an ambulance if it does not stop») may stand anywhere, and is no call by itself.
"""

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from medtune.core.text import fold
from medtune.detect.emergency_numbers import ALL_NUMBERS
from medtune.tasks.contracts.spec import Contract, count_units
from medtune.tasks.result import Form, Problem, quoted

BODY = "steps"
"""Name of the only part: the steps without their numbers, one a line."""

_STEP = re.compile(r"^(?P<number>\d{1,2})\.[^\S\n]+(?P<body>\S.*)$")
_CONTINUED = re.compile(r"^[^\S\n]{2,}\S")
_CALL = re.compile(
    r"\b(?:call(?:ing)?|dial(?:ling|ing)?|phone|ring|summon|alert|get|send for|contact)\b[^.;\n]{0,60}?"
    r"(?:\bambulance\b|\bemergency (?:number|services?|line|medical services?)\b|\bparamedics?\b|\brescue service\b"
    rf"|(?<![\d.,])(?:{'|'.join(ALL_NUMBERS)})(?![\d%]|[.,]\d))",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|when|unless|should|(?<!at )once|in case|as soon as)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:no|not|never|without|denies|isn't|is not|hasn't|don't|doesn't)\b(?:\s+\w+){0,2}\s*$")
_NEVER = re.compile(r"\b(?:do not|don't|never|no need to|need not)\b[^.;\n]{0,20}$", re.IGNORECASE)


class StepsContract(Contract):
    """Numbered steps; in an emergency the call for help stands early."""

    kind: Literal["steps"]
    """Numbered steps; in an emergency the call for help stands early."""
    min_steps: int = Field(ge=1)
    """Fewer steps are too few."""
    max_steps: int = Field(ge=1)
    """More steps are too many to follow."""
    min_words: int = Field(ge=1)
    """A step with fewer words says nothing."""
    early: int = Field(ge=1)
    """In an emergency the call stands among so many first steps."""
    signs: tuple[str, ...] = ()
    """Words of a question that make it an emergency, folded; each where it is not denied."""


def check(contract: StepsContract, text: str, source: str) -> Form:
    """Numbers from 1 without a gap, nothing else around them, and the call for help where it belongs."""
    steps, problems = _steps(text)
    if not steps:
        return Form((*problems, Problem("missing", "there is no numbered step")), {})
    numbers = [number for number, _ in steps]
    bodies = [body for _, body in steps]
    if numbers != list(range(1, len(steps) + 1)):
        problems.append(Problem("order", f"the steps are numbered {', '.join(map(str, numbers))}"))
    if not contract.min_steps <= len(steps) <= contract.max_steps:
        name = "too_few" if len(steps) < contract.min_steps else "too_many"
        problems.append(Problem(name, f"{len(steps)} steps, {contract.min_steps} to {contract.max_steps} are wanted"))
    seen: set[str] = set()
    for body in bodies:
        if count_units(body) < contract.min_words:
            problems.append(Problem("too_short", "a step that says nothing", quoted(body)))
        if fold(body) in seen:
            problems.append(Problem("same_body", "two steps say the same", quoted(body)))
        seen.add(fold(body))
    return Form((*problems, *_call(contract, bodies, source)), {BODY: "\n".join(bodies)})


def _steps(text: str) -> tuple[list[tuple[int, str]], list[Problem]]:
    """The numbered steps with their continuation lines, and what stands around them."""
    steps: list[tuple[int, str]] = []
    problems = []
    for line in text.replace("\r\n", "\n").strip().split("\n"):
        if match := _STEP.match(line):
            steps.append((int(match["number"]), match["body"].strip()))
        elif steps and _CONTINUED.match(line):
            steps[-1] = (steps[-1][0], f"{steps[-1][1]} {line.strip()}")
        elif line.strip():
            name, where = ("after", "after a step") if steps else ("preamble", "before the first step")
            problems.append(Problem(name, f"text stands {where}", quoted(line)))
    return steps, problems


def is_escalation(signs: Sequence[str], source: str) -> bool:
    """Does the question name a sign of danger that it does not deny?"""
    plain = fold(source).replace("’", "'")
    for sign in signs:
        for match in re.finditer(rf"(?<!\w){re.escape(sign)}(?!\w)", plain):
            if not _DENIED.search(plain[max(0, match.start() - 40) : match.start()]):
                return True
    return False


def _call(contract: StepsContract, bodies: list[str], source: str) -> list[Problem]:
    calls = [place for place, body in enumerate(bodies, 1) if calls_for_help(body)]
    if calls and calls[0] > contract.early:
        reason = f"the call for help comes in step {calls[0]}, not among the first {contract.early}"
        return [Problem("late_call", reason, quoted(bodies[calls[0] - 1]))]
    if not calls and is_escalation(contract.signs, source):
        return [Problem("no_call", "the question is an emergency, and no step calls for help without a condition")]
    return []


def calls_for_help(body: str) -> bool:
    """Does a sentence of this step call the emergency service, whatever happens?"""
    for match in _CALL.finditer(body):
        start = max(body.rfind(mark, 0, match.start()) for mark in (".", ";", "!", "?")) + 1
        stop = min((place for mark in ".;!?" if (place := body.find(mark, match.end())) >= 0), default=len(body))
        sentence = body[start:stop]
        if not _CONDITION.search(sentence) and not _NEVER.search(body[start : match.start()]):
            return True
    return False
