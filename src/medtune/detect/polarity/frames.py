"""What stands around an action: conditions, predicates behind it, rejections in the next sentence, its mood."""

from collections.abc import Sequence
from typing import Literal

from medtune.detect.polarity.phrases import Cue, is_adverb
from medtune.detect.polarity.tokens import Token, stem
from medtune.detect.polarity.words import (
    APPROVAL,
    BAD_NOUNS,
    DOWN,
    FINITE,
    GOOD_NOUNS,
    HEARSAY,
    MILD,
    MODALS,
    SAYS,
    SUBORDINATORS,
    UP,
    VERBS,
    WITHOUT_CONDITION,
)

_SAYS = frozenset(stem(word) for word in SAYS)
_APPROVALS = frozenset("approval permission consent supervision clearance".split())
_SUPPOSING = frozenset("if when unless once is are be been until as not never well strongly highly".split())
_PREPOSITIONS = frozenset("by with for in after before while when without from of about on to at through during not".split())
_WORSE = frozenset("worse harder difficult impossible useless dangerous permanent deeper infected bigger".split())
_EASIER = frozenset("better easier safer possible alive comfortable clean safe open clear calm still free".split())

Mood = Literal["command", "subject", "past", "told", "supposed", "inherit", "fragment"]

_STOPS = frozenset({";", ":", ".", "!", "?", "—", "but", "because", "since", "so", "which", "although", "though"})


def mood(tokens: Sequence[Token], place: int, verbal: bool) -> Mood:
    """How the words at `place` are said: as a command, as a subject, in the past, about others, as a supposition."""
    step = place - 1
    while step >= 0 and (is_adverb(tokens[step].word) or tokens[step].word in ("not", "never", "“", '"', "also")):
        step -= 1
    if supposed := _supposed(tokens, place):
        return supposed
    before = tokens[step].word if step >= 0 else ""
    kind = tokens[place].form if verbal else "noun"
    opens = step < 0 or not before[0].isalnum() or before in ("then", "but", "so", "and", "or", "please", "that")
    if not verbal:
        return "subject" if _opening(tokens, place) else "inherit"
    if kind == "ing":
        adjectival = before[:1].isalpha() and before not in _PREPOSITIONS and _opening(tokens, place)
        return "subject" if opens or adjectival or before in ("the", "of", "by", "from") and _opening(tokens, place) else "inherit"
    if before in MODALS or before in ("do", "to", "you", "we", "better"):
        return "command" if before != "to" or step > 0 else "subject"
    if before == "be" or before == "been":
        return _passive(tokens, step)
    if kind == "ed":
        if before in ("is", "are"):
            return "told"
        if before in ("neither", "nor", "or", "and", "but", ",", "rather", "then") and any(t.word in MODALS for t in tokens[:place]):
            return "command"
        return "past"
    if before in ("is", "are"):
        return "inherit"
    if kind == "base" and _causative(tokens, place):
        return "command"
    if kind == "base" or tokens[place].word in VERBS:
        if opens:
            return "command" if before not in ("and", "or", ",") or _commanding(tokens, step + 1) else "told"
        return "command" if _commanding(tokens, place) else "told"
    return "told"


def _causative(tokens: Sequence[Token], place: int) -> bool:
    """«Have the patient sit», «let her rest»."""
    for step in range(place - 2, max(-1, place - 7), -1):
        if not tokens[step].word[0].isalnum():
            return False
        if tokens[step].word in ("have", "let", "make", "help", "get", "ask", "tell", "encourage", "allow", "watch"):
            return step == 0 or tokens[step - 1].word in ("then", "and", ",", ":", "please", "not", "to", "should", "must")
    return False


def _passive(tokens: Sequence[Token], step: int) -> Mood:
    words = [token.word for token in tokens[max(0, step - 5) : step]]
    if any(word in MODALS or word == "to" for word in words):
        return "command"
    return "past" if "have" in words or "had" in words or "has" in words else "told"


def _supposed(tokens: Sequence[Token], place: int) -> Mood | None:
    """Inside «if you …», «when …ing», «before …ing», «after …ing»."""
    for step in range(place - 1, max(-1, place - 12), -1):
        word = tokens[step].word
        if word in (",", ";", ":", "—", "then", "but"):
            return None
        if word in ("if", "when", "whenever", "whether", "although", "unless", "before", "until") and not (
            word != "before"
            and step + 1 < place
            and tokens[place].form == "base"
            and _late_command(tokens, step, place)
        ):
            return "supposed"
    return None


def _late_command(tokens: Sequence[Token], step: int, place: int) -> bool:
    """«If he is not breathing start CPR»."""
    before = tokens[place - 1]
    inside = tokens[step + 1 : place]
    has_verb = any(token.word in ("is", "are", "has", "does", "do", "have") or token.form == "s" for token in inside)
    return (
        len(inside) >= 2
        and (has_verb or before.word in ("possible", "needed", "necessary", "available"))
        and before.word not in ("to", "you", "not", "or", "and", "do", "can", "must", "they", "he", "she", "it", "them")
    )


def _opening(tokens: Sequence[Token], place: int) -> bool:
    """No verb of a main clause stands between the start of the clause and `place`."""
    for step in range(place - 1, -1, -1):
        word = tokens[step].word
        if not word[0].isalnum() or word in SUBORDINATORS or word == "that":
            return True
        if word in VERBS or word in MODALS or word in ("is", "are", "was", "were", "do"):
            return False
    return True


def _commanding(tokens: Sequence[Token], place: int) -> bool:
    """Does the stretch before `place` command: an imperative, a modal, you?"""
    start = place
    while start > 0 and tokens[start - 1].word not in (";", ":", "—", "but", "."):
        start -= 1
    for step in range(start, place):
        token = tokens[step]
        fresh = (
            step == start
            or not tokens[step - 1].word[0].isalnum()
            or tokens[step - 1].word in ("then", "please", "and")
        )
        if token.word == "waste" or (token.word == "lose" and fresh):
            return True
        fresh = fresh or is_adverb(tokens[step - 1].word)
        if token.word in MODALS or token.word in ("you", "not", "never", "avoid"):
            return True
        if fresh and token.form == "base" and token.word in VERBS:
            return True
    # A subordinate clause before the comma: «if he chokes, slap his back».
    return tokens[start].word in SUBORDINATORS or all(is_adverb(token.word) or token.word in ("in", "for") or not
        token.word[0].isalnum() for token in tokens[start:place]) or tokens[place - 1].word == ","  # fmt: skip


def condition(tokens: Sequence[Token], cues: Sequence[Cue], first: int, last: int, sign: int) -> str:
    """The words that make the action at `first:last` conditional, else empty."""
    words = [token.word for token in tokens]
    low, high = _clause_chain(words, first, last)
    for cue in cues:
        if cue.kind == "condition" and low <= cue.start < high and not _exempt(words, cue):
            return " ".join(words[cue.start : cue.end])
    for step in range(low, high):
        word = words[step]
        if word == "until" and sign < 0 and not low <= first <= step - 99:
            if step > last or step < first:
                return "until"
        elif word == "till" and sign < 0:
            return "till"
        elif word in ("with", "under") and _APPROVALS.intersection(words[step + 1 : min(high, step + 6)]):
            return f"{word} approval"
        elif word == "only" and _restricts(words, step, first, last):
            return "only"
        elif word == "before" and step > last and sign < 0 and _finite_after(tokens, step, high):
            return "before"
        elif word == "before" and step < first and first - step <= 4 and sign > 0 and not _waits(words, step) and _asks(words, low, step):
            return "ask before"
        elif word == "without" and step > last and sign < 0 and _asking(tokens, step):
            return "without"
        elif word in ("if", "when", "once", "after") and _approved(words, step, high):
            return f"{word} told"
        elif word == "if" and step > last and sign > 0 and any(w in ("may", "might") for w in words[low:step]):
            return "may … if"
    return ""


def _clause_chain(words: list[str], first: int, last: int) -> tuple[int, int]:
    """From the last hard stop before the action to the first one behind it."""
    stops = {";", ":", "—", "but"}
    low = max(
        (step + 1 for step in range(first) if words[step] in stops or words[max(0, step - 1) : step + 1] == [",", "so"]),
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
    return any(token.word in FINITE for token in after) or any(token.form == "ing" for token in after[:1])


def _waits(words: list[str], step: int) -> bool:
    """«Don't wait … before» sets no condition."""
    return any(word in ("wait", "delay", "hesitate", "dither") for word in words[:step])


def _asks(words: list[str], low: int, step: int) -> bool:
    return any(word in ("ask", "check", "consult", "call", "speak", "talk", "asking", "approval") for word in words[low:step]) and any(
        word in ("doctor", "pharmacist", "physician", "nurse", "midwife", "doctors", "gp", "advice", "helpline", "centre", "permission",
                 "team", "specialist", "clinician", "dispatcher", "surgeon", "dentist", "control", "operator", "paramedic")
        for word in words[low:step]
    )  # fmt: skip


def _asking(tokens: Sequence[Token], step: int) -> bool:
    after = [token.word for token in tokens[step + 1 : step + 6]]
    return any(word in WITHOUT_CONDITION for word in after) or bool(after and after[0].endswith("ing"))


def _approved(words: list[str], step: int, high: int) -> bool:
    """«If the doctor has told you to»."""
    clause = []
    for word in words[step + 1 : min(high, step + 10)]:
        if word in (",",):
            break
        if word == "not":
            return False
        clause.append(word)
    agents = ("doctor", "nurse", "dispatcher", "physician", "pharmacist", "operator", "midwife", "specialist", "team", "expert",
              "gp", "control", "professional", "surgeon", "clinician", "you", "advice", "centre", "paramedic", "label")  # fmt: skip
    return any(word in APPROVAL for word in clause) and (any(word in agents for word in clause) or len(clause) <= 2)


def predicate(tokens: Sequence[Token], cues: Sequence[Cue], last: int, guess: bool = False) -> tuple[int, str, bool]:
    """The evaluation behind the action in its clause: -1, 0 or 1, its words, and whether it is a plain side effect."""
    high = last + 1
    while high < len(tokens) and tokens[high].word not in _STOPS:
        if tokens[high].word == "," and not _inserted(tokens, high):
            break
        high += 1
    flips = 1
    by_start = {cue.start: cue for cue in cues}
    step = last + 1
    while step < high:
        cue = by_start.get(step)
        if (effect := _effect(tokens, step, high)) is not None:
            value, mild = effect
            return flips * value, _words(tokens, step, min(high, step + 3)), mild
        if tokens[step].word == "and" and step > last + 1:
            flips = 1
        if cue and cue.kind in ("neg", "avert", "interrupt"):
            flips = -flips
        elif cue and cue.kind in ("bad", "bad_verb"):
            return -flips, _words(tokens, cue.start, cue.end), False
        elif cue and cue.kind in ("good", "good_verb"):
            return _good(tokens, cue, flips, high)
        elif cue and cue.kind == "myth":
            return -1, _words(tokens, cue.start, cue.end), False
        step = cue.end if cue else step + 1
    return _by_nouns(tokens, last, high, flips) if guess else (0, "", False)


def _by_nouns(tokens: Sequence[Token], last: int, high: int, flips: int) -> tuple[int, str, bool]:
    """A verb that no table knows: what it names tells a harm from a benefit."""
    finite = any(t.form == "s" or t.word in ("can", "may", "could", "will", "might", "would") for t in tokens[last + 1 : last + 4])
    for token in tokens[last + 1 : high] if finite else ():
        if token.word in MILD:
            return 0, token.word, True
        if token.word in BAD_NOUNS:
            away = {t.word for t in tokens[last + 1 : high]} & {"down", "away", "bay", "off", "out"}
            return flips if away else -flips, token.word, False
        if token.word in GOOD_NOUNS:
            return flips, token.word, False
    return 0, "", False


def _good(tokens: Sequence[Token], cue: Cue, flips: int, high: int) -> tuple[int, str, bool]:
    """«Helps bacteria spread» helps nobody."""
    if tokens[cue.start].stem in ("help", "work", "aid", "assist"):
        after = [token.word for token in tokens[cue.end : min(high, cue.end + 3)]]
        if after and after[0] in ("bacteria", "germs", "venom", "poison", "infection", "nobody", "no"):
            flips = -flips
        if after and after[0] == "against":
            flips = abs(flips) * flips
    return flips, _words(tokens, cue.start, cue.end), False


def _effect(tokens: Sequence[Token], step: int, high: int) -> tuple[int, bool] | None:
    """Direction of an effect verb times the value of what it affects; None if there is no such pair."""
    token = tokens[step]
    if token.stem in ("mak", "keep", "leav", "render"):
        for word in tokens[step + 1 : min(high, step + 6)]:
            if word.word in _WORSE:
                return -1, False
            if word.word in _EASIER:
                return 1, False
    direction = 1 if token.stem in UP else -1 if token.stem in DOWN else 0
    if not direction:
        return None
    after = [word.word for word in tokens[step + 1 : min(high, step + 8)]]
    if direction > 0 and any(word in MILD for word in after):
        return 0, True
    for word in after:
        if word in ("no", "little", "not"):
            direction = -direction
        if word in BAD_NOUNS:
            return -direction, False
        if word in GOOD_NOUNS:
            return 1 if token.stem in ("eas", "sooth", "reliev") else direction, False
    return None


def _inserted(tokens: Sequence[Token], comma: int) -> bool:
    """A comma that opens or closes a short insertion: «rubbing, even lightly, harms»."""
    return any(token.word == "," for token in tokens[comma + 1 : comma + 6]) or any(
        token.word == "," for token in tokens[max(0, comma - 6) : comma]
    )


def _words(tokens: Sequence[Token], start: int, end: int) -> str:
    return " ".join(token.word for token in tokens[start:end])


def hearsay(tokens: Sequence[Token], place: int) -> bool:
    """Some source that gives no advice says or believes what stands at `place`, or did something in the past."""
    source = -1
    for step in range(place):
        word = tokens[step].word
        if word in (";", "—") or word == "but":
            source = -1
        elif word in HEARSAY and (
            step == 0 or tokens[step - 1].word not in ("for", "to", "with", "in", "of", "tell", "ask")
        ):
            source = step
        elif tokens[step].stem in _SAYS and step + 1 < len(tokens) and tokens[step + 1].word != ",":
            told = tokens[step].form == "ed" and step > 0 and tokens[step - 1].word[0].isalpha()
            told = told and not _SUPPOSING.intersection(t.word for t in tokens[:step])
            if (source >= 0 and word != "read") or told:
                return True
    return False


def commands(tokens: Sequence[Token], place: int) -> bool:
    """Does the stretch up to `place` command something?"""
    return _commanding(tokens, place)
