"""What makes an action conditional: only if, unless, until, provided that, without approval."""

from collections.abc import Sequence

from medtune.detect.polarity.locate import Match
from medtune.detect.polarity.phrases import Cue
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.words import APPROVAL, FINITE, WITHOUT_CONDITION, words_of

_WATCHED = words_of("until till before without with under only if when once after soon")
_MAY = words_of("may might can could allowed permitted")
_LEAVE = words_of("may can might could fine ok okay safe free")
_ASKING = words_of("ask check consult call speak talk asking approval")
_AGENTS = words_of(
    "doctor doctors nurse dispatcher physician pharmacist operator midwife specialist team expert gp control advice "
    "professional surgeon clinician centre paramedic label helpline permission dentist optician consultant "
    "radiographer therapist physiotherapist"
)
_APPROVALS = words_of("approval permission consent supervision clearance blessing agreement go-ahead say-so")


def condition(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, sign: int) -> str:
    """The words that make the action conditional, else empty; `sign`: what is said of it otherwise."""
    words = [token.word for token in tokens]
    low, high = _clause_chain(words, match.first, match.last)
    for cue in cues:
        if cue.kind == "condition" and low <= cue.start < high and not _exempt(words, cue):
            return " ".join(words[cue.start : cue.end])
    for step in range(low, high):
        if words[step] in _WATCHED and (
            _restricting(words, step, high, match)
            or (sign < 0 and _holds_off(tokens, step, high, match))
            or (sign > 0 and _permits(words, step, low, match))
        ):
            return words[step]
    return ""


def _restricting(words: list[str], step: int, high: int, match: Match) -> bool:
    """Only …, with approval, if told."""
    word = words[step]
    if word in ("with", "under"):
        return not _APPROVALS.isdisjoint(words[step + 1 : min(high, step + 6)])
    if word == "only":
        return _restricts(words, step, match.first, match.last)
    return word in ("if", "when", "once", "after") and _approved(words, step, high)


def _holds_off(tokens: Sequence[Token], step: int, high: int, match: Match) -> bool:
    """Not … until, not … before somebody has …, not … without asking."""
    word, behind = tokens[step].word, step > match.last
    if word in ("until", "till"):
        return behind or step < match.first
    if word == "before" and step == 0:
        return _finite_after(tokens, step, high)
    if word == "before":
        return behind and _finite_after(tokens, step, high)
    if word == "without" and step == 0:
        return not _APPROVALS.isdisjoint(token.word for token in tokens[1:6])
    return word == "without" and behind and _asking(tokens, step)


def _permits(words: list[str], step: int, low: int, match: Match) -> bool:
    """May … if; ask a doctor before …ing."""
    if words[step] == "if":
        return step > match.last and not _MAY.isdisjoint(words[low:step])
    if words[step] in ("once", "after", "when", "soon"):
        return step > match.last and _allowed(words[low:step]) and not FINITE.isdisjoint(words[step + 1 :])
    near = step < match.first and match.first - step <= 4
    return words[step] == "before" and near and not _waits(words, step) and _asks(words, low, step)


def _clause_chain(words: list[str], first: int, last: int) -> tuple[int, int]:
    """From the last hard stop before the action to the first one behind it."""
    stops = {";", ":", "—", "but"}
    low = max(
        (
            step + 1
            for step in range(first)
            if (words[step] in stops and words[step - 1] not in ("anybody", "one", "none"))
            or words[max(0, step - 1) : step + 1] == [",", "so"]
        ),
        default=0,
    )
    high = min((step for step in range(last + 1, len(words)) if words[step] in stops), default=len(words))
    if high < len(words) and words[high] == "but" and words[high + 1 : high + 2] == ["only"]:
        high = len(words)
    return low, high


def _exempt(words: list[str], cue: Cue) -> bool:
    before = words[cue.start - 1] if cue.start else ""
    return before in ("the", "not", "an") or (
        words[cue.start] == "only" and words[cue.start + 1] == "to" and before == ""
    )


def _restricts(words: list[str], step: int, first: int, last: int) -> bool:
    """«Only a doctor should …», «only then remove»; not «the only», «not only», «only cool water»."""
    before = words[step - 1] if step else ""
    if before in ("the", "not", "an", "your", "one"):
        return False
    follows = words[step + 1] if step + 1 < len(words) else ""
    if first < step < last:  # «a joint must only be put back by a doctor»
        return before in ("should", "must", "may", "can") and follows == "be"
    if step > last:
        return follows in ("if", "when", "after", "once", "with", "by", "under", "on", "as", "during", "where", "until")
    return (
        step < first
        and (step == 0 or before in (",", "should", "must", "may", "can", "be", "and"))
        and (
            first - step <= 2
            or follows in ("a", "an", "trained", "doctors", "professionals", "medical", "the", "people")
        )
    )


def _finite_after(tokens: Sequence[Token], step: int, high: int) -> bool:
    after = tokens[step + 1 : min(high, step + 9)]
    agent = any(token.word in _AGENTS or token.word == "help" for token in after[:3])
    return agent or any(token.word in FINITE for token in after)


def _allowed(words: list[str]) -> bool:
    """«You may …», «you can …», «it is fine to …»: leave is given."""
    return not _LEAVE.isdisjoint(words)


def _waits(words: list[str], step: int) -> bool:
    """«Don't wait … before» sets no condition."""
    return any(word in ("wait", "delay", "hesitate", "dither") for word in words[:step])


def _asks(words: list[str], low: int, step: int) -> bool:
    return not (_ASKING.isdisjoint(words[low:step]) or _AGENTS.isdisjoint(words[low:step]))


def _asking(tokens: Sequence[Token], step: int) -> bool:
    after = [token.word for token in tokens[step + 1 : step + 6]]
    return any(word in WITHOUT_CONDITION for word in after)


def _approved(words: list[str], step: int, high: int) -> bool:
    """«If the doctor has told you to»."""
    clause = []
    for word in words[step + 1 : min(high, step + 10)]:
        if word in (",",):
            break
        if word == "not":
            return False
        clause.append(word)
    agent = not _AGENTS.isdisjoint(clause) or "you" in clause or len(clause) <= 2
    return agent and not APPROVAL.isdisjoint(clause)
