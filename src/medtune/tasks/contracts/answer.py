"""Kind `answer`: a plain answer, or a refusal that says whom to turn to; the task's disclaimer is its last line."""

import re
from typing import Literal

from pydantic import Field

from medtune.core.text import fold
from medtune.detect import refusal
from medtune.tasks.contracts.spec import Contract, count_units
from medtune.tasks.result import Form, Problem, quoted

BODY = "answer"
"""Name of the part that answers."""
REFUSAL = "refusal"
"""Name of the part instead, when the answer declines."""

_WHOM = re.compile(
    r"\b(?:doctors?|physicians?|clinicians?|gps?|nurses?|midwi(?:fe|ves)|pharmacists?|dentists?|therapists?|specialists?"
    r"|counsellors?|counselors?|(?:health ?care|healthcare|health|medical|qualified|mental health) "
    r"(?:professionals?|providers?|workers?|teams?|practitioners?)|emergency (?:number|services?|department|room|line)"
    r"|ambulance|hospital|clinic|surgery|poison (?:control|cent(?:er|re)|line)|crisis (?:line|service)|help ?line"
    r"|hotline)\b"
)


class AnswerContract(Contract):
    """A plain answer or a safe refusal, then the disclaimer."""

    kind: Literal["answer"]
    """A plain answer or a safe refusal, then the disclaimer."""
    min_words: int = Field(ge=1)
    """An answer with fewer words, the disclaimer not counted, is too short."""


def check(contract: AnswerContract, text: str, disclaimer: str) -> Form:
    """The disclaimer once, as the last line, and before it something that answers or sends to somebody who can."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    wanted = fold(disclaimer)
    places = [number for number, line in enumerate(lines) if fold(line) == wanted]
    problems = []
    if not places:
        within = wanted in fold(text)
        name, reason = (
            ("disclaimer_line", "the disclaimer is no line of its own")
            if within
            else ("no_disclaimer", "the disclaimer is missing")
        )
        problems.append(Problem(name, reason, quoted(lines[-1])))
    elif len(places) > 1:
        problems.append(Problem("repeated", f"the disclaimer stands {len(places)} times", quoted(lines[places[0]])))
    elif places[0] != len(lines) - 1:
        problems.append(Problem("disclaimer_place", "text stands after the disclaimer", quoted(lines[-1])))
    body = "\n".join(line for number, line in enumerate(lines) if number not in places).strip()
    words = count_units(body)
    if words == 0:
        return Form((*problems, Problem("empty", "nothing stands before the disclaimer")), {})
    if words < contract.min_words:
        problems.append(Problem("too_short", f"{words} words, at least {contract.min_words} are wanted", quoted(body)))
    declines = refusal.classify(body).kind == "refuse"
    if declines and not _WHOM.search(fold(body)):
        problems.append(Problem("bare_refusal", "it declines and names nobody who can help", quoted(body)))
    return Form(tuple(problems), {REFUSAL if declines else BODY: body})
