"""How an action is said: as a command, as a subject, in the past, about others, as a supposition."""

from collections.abc import Sequence
from typing import Literal

from medtune.detect.polarity.phrases import is_adverb
from medtune.detect.polarity.tokens import Token, stem
from medtune.detect.polarity.words import HEARSAY, MODALS, SAYS, SUBORDINATORS, VERBS, words_of

Mood = Literal["command", "subject", "past", "told", "supposed", "inherit", "fragment"]

_SAYS = frozenset(stem(word) for word in SAYS)

_SUPPOSING = words_of("if when unless once is are be been until as not never well strongly highly")

_PSEUDO_CLEFT = words_of("thing things step steps priority do rule trick aim key way job best advice task")
_DETERMINERS = words_of("the a an this that your his her their any some no every each its my")
_GOVERN_ING = words_of("stop start keep avoid try begin continue quit consider mind risk resume finish suggest go")
_QUOTES = frozenset({'"', "“", "”"})
_SHOUTS = frozenset(
    map(
        stem,
        [
            "shout",
            "cry",
            "call",
            "yell",
            "insist",
            "whisper",
            "mutter",
            "remark",
            "joke",
            "repeat",
            "urge",
            "add",
            "reply",
        ],
    )
)

_OTHERS = (HEARSAY - {"they", "few", "case", "post", "film", "mind"}) | words_of(
    "people doctors patients parents children some many most they we i others nurses paramedics users victims"
)

_PREPOSITIONS = words_of("by with for in after before while when without from of about on to at through during not")


def mood_of(tokens: Sequence[Token], place: int, verbal: bool) -> Mood:  # noqa: PLR0911, PLR0912 (the first case that applies)
    """How the words at `place` are said: as a command, as a subject, in the past, about others, as a supposition."""
    step = place - 1
    while step >= 0 and (
        is_adverb(tokens[step].word) or tokens[step].word in ("not", "never", "“", '"', "also", "no", "longer")
    ):
        step -= 1
    if supposed := _supposed(tokens, place, verbal):
        return supposed
    before = tokens[step].word if step >= 0 else ""
    kind = tokens[place].form if verbal else "noun"
    opens = step < 0 or not before[0].isalnum() or before in ("then", "but", "so", "and", "or", "please", "that")
    if kind == "base" and opens and _heads_noun(tokens, place):
        return "subject"
    if before in ("having", "been") and kind == "ed" and step and tokens[step].word == "having":
        return "subject" if _opening(tokens, step) else "inherit"
    if not verbal:
        return "subject" if _opening(tokens, place) else "inherit"
    if kind == "ing":
        adjectival = before[:1].isalpha() and before not in _PREPOSITIONS and _opening(tokens, place)
        return (
            "subject"
            if opens or adjectival or (before in ("the", "of", "by", "from") and _opening(tokens, place))
            else "inherit"
        )
    if before == "would" and step and tokens[step - 1].word in ("i", "we", "you"):
        return "command"
    if before in MODALS or before in ("do", "to", "you", "we", "better"):
        return "command" if before != "to" or step > 0 else "subject"
    if before in ("be", "been"):
        return _passive(tokens, step)
    if kind == "ed":
        if step < 0 or before in ("each", "every", "any", "a"):
            return "subject"  # «rubbed in, snow tears the skin», «each missed dose»
        if before in ("is", "are"):
            return "told"
        if before in ("neither", "nor", "or", "and", "but", ",", "rather", "then") and any(
            t.word in MODALS for t in tokens[:place]
        ):
            return "command"
        return "past"
    if before in ("is", "are"):
        cleft = kind == "base" and not _PSEUDO_CLEFT.isdisjoint(token.word for token in tokens[:step])
        return "command" if cleft else "inherit"
    if kind == "base" and _causative(tokens, place):
        return "command"
    if kind == "base" or tokens[place].word in VERBS:
        if opens:
            joined = before in ("and", "or", ",") and not _commanding(tokens, step + 1)
            return "told" if joined and _told_of_others(tokens, 0, step + 1) else "command"
        named = before in _DETERMINERS or (tokens[step].form in ("s", "ed") and before != "means")
        told = _told_of_others(tokens, 0, step + 1) or named
        return "command" if _commanding(tokens, place) or not told else "told"
    return "told"


def _heads_noun(tokens: Sequence[Token], place: int) -> bool:
    """«Double dosing is …»: what looks like a verb opens a noun phrase before a finite verb."""
    if place + 2 >= len(tokens) or tokens[place].word in _GOVERN_ING or tokens[place + 1].form != "ing":
        return False
    return any(
        token.word in ("is", "are", "can", "may", "does", "will", "has") for token in tokens[place + 2 : place + 10]
    )


def _passive(tokens: Sequence[Token], step: int) -> Mood:
    words = [token.word for token in tokens[max(0, step - 5) : step]]
    if any(word in MODALS or word == "to" for word in words):
        return "command"
    return "past" if "have" in words or "had" in words or "has" in words else "told"


def _causative(tokens: Sequence[Token], place: int) -> bool:
    """«Have the patient sit», «let her rest»."""
    for step in range(place - 2, max(-1, place - 7), -1):
        if not tokens[step].word[0].isalnum():
            return False
        if tokens[step].word in ("have", "let", "make", "help", "get", "ask", "tell", "encourage", "allow", "watch"):
            return step == 0 or tokens[step - 1].word in (
                "then",
                "and",
                ",",
                ":",
                "please",
                "not",
                "to",
                "should",
                "must",
            )
    return False


def _supposed(tokens: Sequence[Token], place: int, verbal: bool) -> Mood | None:
    """Inside «if you …», «when …ing», «before …ing», «after …ing»."""
    for step in range(place - 1, max(-1, place - 12), -1):
        word = tokens[step].word
        if word in (",", ";", ":", "—", "then", "but"):
            return None
        if (
            word in ("when", "where")
            and step
            and tokens[step - 1].stem in ("tim", "situation", "situat", "cas", "circumstanc")
        ):
            return None
        if word in ("if", "when", "whenever", "whether", "although", "unless", "before", "until") and not (
            word != "before"
            and step + 1 < place
            and verbal
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
        if step == 0 and tokens[0].form == "base" and len(tokens) > 1 and tokens[1].word in _DETERMINERS:
            return False  # a verb that no table knows: «block the bleeding with …»
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
        if step == start and token.form == "base" and step + 1 < place and tokens[step + 1].word in _DETERMINERS:
            return True  # a verb that no table knows: «block the bleeding …»
        fresh = fresh or is_adverb(tokens[step - 1].word)
        if token.word == "would" and step and tokens[step - 1].word in ("i", "we", "you"):
            return True
        if token.word in MODALS or token.word in ("you", "not", "never", "avoid"):
            return True
        if fresh and token.form == "base" and token.word in VERBS:
            return True
    # A subordinate clause before the comma: «if he chokes, slap his back».
    return tokens[start].word in SUBORDINATORS or all(is_adverb(token.word) or token.word in ("in", "for") or not
        token.word[0].isalnum() for token in tokens[start:place]) or tokens[place - 1].word == ","  # fmt: skip


def _told_of_others(tokens: Sequence[Token], start: int, place: int) -> bool:
    """A third person, or we, is the subject of the clause: «people rub and scratch»."""
    return any(
        token.word in _OTHERS and (step == 0 or tokens[step - 1].word not in _PREPOSITIONS | {"the", "to"})
        for step, token in enumerate(tokens[start:place], start)
    )


def commands(tokens: Sequence[Token], place: int) -> bool:
    """Does the stretch up to `place` command something?"""
    return _commanding(tokens, place)


def hearsay(tokens: Sequence[Token], place: int) -> bool:
    """Some source that gives no advice says or believes what stands at `place`, or did something in the past."""
    source, said = -1, False
    for step in range(place):
        word = tokens[step].word
        if word in (";", "—") or word == "but" or (word == ":" and is_imperative(tokens, step + 1)):
            source, said = -1, False
        elif word in HEARSAY and (
            step == 0
            or tokens[step - 1].word not in ("for", "to", "with", "in", "of", "tell", "ask")
            or (step > 1 and tokens[step - 2].word in ("plenty", "lots", "lot", "number", "majority", "most", "some"))
        ):
            source = step
        elif tokens[step].stem in _SAYS and step + 1 < len(tokens) and tokens[step + 1].word != ",":
            told = tokens[step].form == "ed" and step > 0 and tokens[step - 1].word[0].isalpha()
            told = told and not _SUPPOSING.intersection(t.word for t in tokens[:step])
            if (source >= 0 and word != "read") or told:
                said = True
    return said or _said_so(tokens, place)


def is_imperative(tokens: Sequence[Token], place: int) -> bool:
    """A base-form verb at `place`, or «do not», «never»."""
    if place >= len(tokens):
        return False
    token = tokens[place]
    return token.word in ("do", "never", "avoid", "please") or (token.form == "base" and token.word in VERBS)


def _said_so(tokens: Sequence[Token], place: int) -> bool:
    """«…,» people say; «…», the neighbour kept shouting; …, as the old saying goes."""
    words = [token.word for token in tokens]
    if {"saying", "proverb", "adage"} & set(words[place:]) and {"goes", "says", "has"} & set(words[place:]):
        return True
    if words[0] in _QUOTES and (closing := [step for step in range(place, len(words)) if words[step] in _QUOTES]):
        return any(token.stem in _SAYS | _SHOUTS for token in tokens[closing[-1] : closing[-1] + 6])
    for step in range(place + 1, len(tokens) - 1):
        apart = not tokens[step - 1].word[0].isalnum()
        if apart and tokens[step].word in HEARSAY and tokens[step + 1].stem in _SAYS:
            return True
    return False
