"""Marks: what each sentence of a reply does, read by rules from its clauses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from medtune.core.text import fold, sentences
from medtune.detect.clauses import says_something
from medtune.detect.declines import DECLINES, DECLINES_NOTHING, MAY_DECLINE, NEGATES, REASONS, SPEAKS_OF_ITSELF
from medtune.detect.evasions import ASKS, COMFORTS, DIGRESSES, DISCLAIMS, GENERALITIES, LEAD_IN, REFERS
from medtune.detect.help import ACTS_NOW, EMPTY_INSTRUCTIONS, HEDGES, INSTRUCTS, LIMITS, VERDICT

THRESHOLDS: dict[str, float] = {
    # A clause with fewer words states nothing by itself.
    "statement_words": 3,
    # After declining a statement helps only if it has so many words: shorter ones give reasons.
    "statement_words_after_declining": 5,
    # After declining, «please call your emergency number» and the like send on, no more.
    "sending_on_words": 8,
    # From this many stated words on a text explains, whatever chat stands beside it.
    "explaining_words": 40,
}

_CLAUSE = re.compile(
    r"(?<=\w)(?: ?[;:–—] ?|, (?=but|and|so|please|instead|however|just|then|though|although|yet|because|since|which"
    r"|if"
    r"|press|call|keep|go|with|from|please|don't|do not|never|it|you|he|she|they|this|that|i)|\.\.\. | but "
    r"| although | though "
    r"| and (?=(?:get|have|see|ask|call|ring|then|do|don't|never|stop|let|consult|check|talk|speak)\b))"
)
_UNCAPPED = re.compile(r"(?<=[a-z]{2}[.!?])\s+(?=[a-z])")
"""A sentence end before a small letter: chats do without capitals."""
_HEADING = re.compile(r"^\s*(?:\*\*[^*]+\*\*:?|#{1,6} .*)\s*$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_THEY = re.compile(r"^(?:they|he|she|it|that way|this way|with that|then)\b")
_SUBORDINATE = re.compile(
    r"^(?:if|when|whenever|whether|since|because|as|while|about|regarding|with|in case)\b(?!.*, )"
)
_ASKED_OF_READER = re.compile(r"\b(?:you|your|yours|yourself|we|i|shall|he|she|his|her|him|they|hasn't|isn't)\b")
_FIGURE = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|half an?|once|twice)"
    r" (?:\w+ )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|tablets?|puffs?|drops?|times|a day|daily"
    r"|teaspoons?|glass(?:es)?)\b"
)
_CONDITIONAL_AID = re.compile(r"^if\b.{0,60}\b(?:danger|emergency|harm|crisis|suicid|urgent|risk)")


@dataclass(frozen=True, slots=True)
class Marks:
    """What one sentence does; `stated` counts the words of its clauses that say something of their own."""

    text: str
    instructs: bool
    stated: int
    declines: bool
    refers: bool
    hedges: bool
    limits: bool
    digresses: bool


def sentences_of(text: str) -> list[str]:
    """Sentences of the text without its heading lines."""
    lines = (line for line in text.splitlines() if line.strip() and not _HEADING.match(line))
    found = (sentence for line in lines for sentence in sentences(line.strip()))
    return [part for sentence in found for part in _UNCAPPED.split(sentence)]


def marks_of(text: str) -> list[Marks]:
    """The marks of each sentence; «they» after a referral is still the referral."""
    found: list[Marks] = []
    declined = False
    for sentence in sentences_of(text):
        plain = fold(sentence).replace("’", "'")
        goes_on = bool(found) and found[-1].refers and not found[-1].stated and _THEY.search(plain) is not None
        mark = _mark(sentence, plain, goes_on, declined)
        declined = declined or mark.declines
        found.append(mark)
    return found


def _mark(sentence: str, whole: str, goes_on: bool, declined: bool) -> Marks:
    plain = LEAD_IN.sub("", whole)
    clauses = [clause.strip() for clause in _CLAUSE.split(plain) if clause and clause.strip()]
    declines = _declines(whole)
    asked = plain.endswith("?")
    if declines:  # what stands before it is what will not be given, and what goes on is a reason for it
        clauses = _after_turn(plain)
    urgent = ACTS_NOW.search(plain) is not None and not asked
    if urgent and (declined or declines):
        urgent = not _CONDITIONAL_AID.search(plain) and len(_WORD.findall(plain)) > THRESHOLDS["sending_on_words"]
    instructs = not (declined and goes_on) and any(map(_instructs, clauses if declines else [plain, *clauses]))
    refers = REFERS.search(plain) is not None and not asked and not urgent
    stated = 0 if goes_on else sum(_stated(clause, declined and not declines) for clause in clauses)
    return Marks(
        text=sentence,
        instructs=urgent or instructs,
        stated=stated,
        declines=declines,
        refers=refers,
        hedges=HEDGES.search(whole) is not None,
        limits=LIMITS.search(plain) is not None,
        digresses=DIGRESSES.search(plain) is not None or (asked and _ASKED_OF_READER.search(plain) is not None),
    )


def _after_turn(plain: str) -> list[str]:
    """Clauses behind the first «but» that follows the declining words: «I can't …, but …»."""
    if plain.startswith(("while ", "although ", "though ", "even though ")) and ", " in plain:
        plain = plain.partition(", ")[0] + "; " + plain.partition(", ")[2]
    clauses = [clause.strip() for clause in re.split(r"(?=\b(?:but|however|though|still)\b)|(?<=[:;]) ", plain)]
    first = next((number for number, clause in enumerate(clauses) if _declines(clause)), len(clauses))
    turned = [clause for clause in clauses[first + 1 :] if not clause.startswith(("not ", "no ", "nor ", "though"))]
    return [re.sub(r"^(?:but|however|still)\b,? ?", "", clause) for clause in turned]


@lru_cache(maxsize=4096)  # a sentence without a further clause is asked about up to four times
def _declines(plain: str) -> bool:
    return bool(MAY_DECLINE.search(plain) and DECLINES.search(plain) and not DECLINES_NOTHING.search(plain))


def _instructs(plain: str) -> bool:
    """An instruction that is more than «see a doctor» or «take care»."""
    if not INSTRUCTS.search(plain) or ASKS.search(plain):
        return False
    return not any(empty.search(plain) for empty in (REFERS, COMFORTS, EMPTY_INSTRUCTIONS)) and not _declines(plain)


def _stated(clause: str, declined: bool) -> int:
    """Words of a clause that says something usable of its own; 0 for any other."""
    words = _WORD.findall(clause)
    figure = _FIGURE.search(clause) is not None
    if len(words) < THRESHOLDS["statement_words"] - figure or ASKS.search(clause) or _SUBORDINATE.search(clause):
        return 0
    if figure and not _declines(clause):
        return max(len(words), int(THRESHOLDS["statement_words"]))
    empty = (DISCLAIMS, COMFORTS, GENERALITIES, DIGRESSES, *((REASONS,) if declined else ()))
    if not says_something(words) and not VERDICT.search(clause):
        return 0
    if any(pattern.search(clause) for pattern in empty) or _declines(clause) or REFERS.search(clause):
        return 0
    return len(words)


def helping(marks: Sequence[Marks], declined: bool) -> str:
    """The first sentence that helps, else empty."""
    if declined:  # statements before it lead up to it
        first = next(number for number, mark in enumerate(marks) if mark.declines)
        marks = [*(mark for mark in marks[:first] if mark.instructs), *marks[first:]]
    for mark in marks:
        if mark.instructs:
            return mark.text
    words = sum(mark.stated for mark in marks)
    chats = any(mark.digresses for mark in marks)
    if chats and words < THRESHOLDS["explaining_words"]:
        return ""
    least = THRESHOLDS["statement_words_after_declining" if declined else "statement_words"]
    return next((mark.text for mark in marks if mark.stated >= least), "")


def negates(mark: Marks) -> bool:
    """Only for texts without help; comfort and generalities («no two people are alike») negate, too."""
    plain = LEAD_IN.sub("", fold(mark.text).replace("’", "'"))
    if mark.digresses or any(empty.search(plain) for empty in (GENERALITIES, EMPTY_INSTRUCTIONS, ASKS)):
        return False
    return bool(SPEAKS_OF_ITSELF.search(plain) and NEGATES.search(plain) and not DECLINES_NOTHING.search(plain))
