"""Gathers the cues that reach an action and multiplies their signs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medtune.detect.polarity.anchor import blocked_from, chooses, is_passive
from medtune.detect.polarity.layout import Sentence
from medtune.detect.polarity.locate import Match
from medtune.detect.polarity.phrases import Cue
from medtune.detect.polarity.scope import reaches
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.words import words_of

_TURNING = frozenset({"neg", "avert", "interrupt", "bad", "bad_verb"})

_BETTER = words_of("better safer rather wiser preferable more quicker greater surer faster simpler stronger")

_YEAR = re.compile(r"1[5-9]\d\ds?|19[0-9]0s")
_AUTHORITIES = words_of(
    "guideline guidelines guidance nhs who cross doctor doctors paramedic paramedics pharmacist nurse specialist "
    "service services leaflet label manufacturer manufacturers protocol protocols expert experts council society "
    "college association ministry advice instructions manual standard standards recommendations evidence "
    "prescription plan age weight your academy agency authority authorities regulator packet package dietitian "
    "physiotherapist gp"
)
_DOUBTFUL = words_of(
    "old older ancient forum blog friend neighbour neighbor grandmother grandfather gran uncle aunt tiktok facebook "
    "rumour rumor legend tradition folklore influencer tabloid magazine film movie granny myth superstition website"
)

_RUMOURS = words_of("rumour rumor claim belief notion story legend saying tale tip hoax gossip")

_TOO = words_of("early soon often much many quickly fast careful long hard well strongly highly")


@dataclass(slots=True)
class Evidence:
    sign: int = 1
    turned_by: str = ""
    interrupted: bool = False
    praised: bool = False
    rejected: bool = False
    reported: bool = False
    past: bool = False
    of_others: bool = False
    from_header: bool = False
    gerund: bool = False
    equalled: bool = False


def gather(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int) -> Evidence:
    found = Evidence(past=_dated(tokens, anchor), reported=_attributed(tokens, anchor))
    if match.undone:
        found.sign, found.turned_by, found.interrupted = -1, "left undone", True
    places = frozenset(match.places)
    passive_head = match.head if match.head > anchor and is_passive(tokens, match) else -1
    reached: list[tuple[Cue, int]] = []
    blocker = blocked_from(tokens, anchor)
    if blocker >= 0:
        cues = [cue for cue in cues if not cue.start <= blocker < cue.end]
        reached.append((Cue("interrupt", blocker, blocker + 1), anchor))
    for cue in reversed(cues):
        target = anchor if cue.end <= anchor else passive_head
        # A negation reaches what it turns through a cue that reaches it: «don't wait for symptoms before calling».
        through = [
            other.start for other, _ in reached if other.kind in ("interrupt", "avert") and cue.end <= other.start
        ]
        if cue.end <= target and (
            reaches(tokens, cue, target, places)
            or (cue.kind in ("neg", "interrupt") and any(reaches(tokens, cue, start, places) for start in through))
        ):
            reached.append((cue, target))
    if any(cue.kind == "less" and cue.start > match.first for cue in cues):
        found.sign, found.turned_by = -1, "do little of it"
    reached.sort(key=lambda pair: pair[0].start)
    for cue, target in _without_repeats(tokens, reached):
        _weigh(tokens, cue, target, match, found)
    step = anchor - 1
    while step > 0 and anchor - step <= 4 and tokens[step].word not in (":", ";", "—"):
        if (
            tokens[step].word == "than"
            and tokens[step - 1].word not in ("rather", "harm")
            and not found.equalled
            and any(token.word in _BETTER for token in tokens[max(0, step - 12) : step])
        ):
            found.sign, found.turned_by, found.praised = -found.sign, "better than", False
        if tokens[step].word == "to" and any(token.stem == "prefer" for token in tokens[max(0, step - 8) : step - 1]):
            found.sign, found.turned_by = -found.sign, "preferred to"
        if tokens[step].word == "over" and chooses(tokens[:step], step):
            found.sign, found.turned_by = -found.sign, "preferred over"
        step -= 1
    return found


def _without_repeats(tokens: Sequence[Token], reached: list[tuple[Cue, int]]) -> list[tuple[Cue, int]]:
    """A negation said again in a list turns once: «don't rub and don't scratch», «neither … nor»."""
    kept: list[tuple[Cue, int]] = []
    for cue, target in reached:
        if cue.kind in ("neg", "avert") and kept and kept[-1][0].kind in ("neg", "avert"):
            between = {token.word for token in tokens[kept[-1][0].end : cue.start]}
            if between & {",", "and", "or"} or tokens[cue.start].word in ("nor", "neither"):
                kept.pop()
        elif cue.kind == "interrupt" and kept and kept[-1][0].kind == "interrupt":  # noqa: SIM102 (as above)
            if {token.word for token in tokens[kept[-1][0].end : cue.start]} & {",", "and", "or", "nor"}:
                kept.pop()
        kept.append((cue, target))
    return kept


def _weigh(tokens: Sequence[Token], cue: Cue, target: int, match: Match, found: Evidence) -> None:
    phrase = " ".join(token.word for token in tokens[cue.start : cue.end])
    if cue.kind == "myth":  # what stands before it does not matter: «do not believe the myth that»
        found.rejected, found.sign, found.interrupted, found.turned_by = True, 1, False, phrase
    elif cue.kind == "report":
        found.reported = True
    elif cue.kind == "past":
        found.past = found.past or _is_past(tokens, cue)
    elif cue.kind in ("good", "good_verb"):
        found.praised = True
        found.past = found.past or _recommended_once(tokens, cue)
    elif cue.kind == "plain":
        found.praised = found.praised or target - cue.end <= 2
        found.equalled = found.equalled or tokens[cue.end - 1].word in ("than", "as")
    elif cue.kind == "just":
        later = {token.word for token in tokens[match.last :]}
        if cue.start and not later & {"also", "too", "but", "additionally", "as"}:
            found.sign, found.turned_by = -found.sign, phrase
    elif cue.kind in _TURNING:
        if cue.kind == "neg" and (_too_much(tokens, cue, match) or _incomparable(tokens, cue, target)):
            found.praised = found.equalled = True
            return
        found.of_others = found.of_others or (cue.kind == "neg" and _third_person(tokens, cue))
        found.interrupted = found.interrupted or cue.kind == "interrupt"
        found.gerund = found.gerund or _opens_as_subject(tokens, cue)
        found.sign, found.turned_by = -found.sign, phrase


def _dated(tokens: Sequence[Token], anchor: int) -> bool:
    """A year of the past before the action, in its clause: «a manual from the 1950s suggested …»."""
    for token in reversed(tokens[:anchor]):
        if token.word in (";", ":", "but", "—"):
            return False
        if _YEAR.fullmatch(token.word):
            return True
    return False


def _attributed(tokens: Sequence[Token], anchor: int) -> bool:
    """«According to» somebody who gives no advice worth the name."""
    words = [token.word for token in tokens[:anchor]]
    behind = words[words.index("that") :] if "that" in words else []
    if (
        behind
        and not {";", "but", "so", ":"} & set(behind)
        and _RUMOURS & set(words[max(0, words.index("that") - 6) : words.index("that")])
    ):
        return True
    if "according" not in words or set(words) & {";", "but"}:
        return False
    start = words.index("according")
    source = set(words[start : start + 9])
    return bool(source & _DOUBTFUL) or not source & _AUTHORITIES


def _incomparable(tokens: Sequence[Token], cue: Cue, target: int) -> bool:
    """«No better step than …», «no child is too young to …»."""
    words = [token.word for token in tokens[cue.end : target]]
    if "than" in words and set(words) & _BETTER:
        return True
    after_can = cue.start > 0 and tokens[cue.start - 1].word in ("can", "could")
    if (after_can or tokens[cue.start].word == "can") and "too" in words[:2] and words[-1:] == ["to"]:
        return True
    if tokens[cue.start].word in ("never", "is", "not") and words[:1] == ["too"] and words[-1:] == ["to"]:
        return words[1] in ("soon", "early", "late", "old", "young", "small", "ill", "weak")
    if tokens[cue.start].word == "no" and set(words) & {"needed", "required", "necessary"} and words[-1] == "to":
        return True
    return tokens[cue.start].word == "no" and "too" in words and "to" in words[words.index("too") :]


def _recommended_once(tokens: Sequence[Token], cue: Cue) -> bool:
    """«Doctors recommended …», not «it is recommended»."""
    before = tokens[cue.start - 1].word if cue.start else ""
    told = tokens[cue.start].stem in ("recommend", "advis", "suggest", "urg", "advocat", "favour", "endors")
    return (
        told
        and tokens[cue.start].form == "ed"
        and before[:1].isalpha()
        and before not in ("is", "are", "be", "been", "also", "strongly", "highly", "now", "being")
    )


def _is_past(tokens: Sequence[Token], cue: Cue) -> bool:
    """«Used to» as in «doctors used to», not «is used to» or «use … to»."""
    before = tokens[cue.start - 1].word if cue.start else ""
    return tokens[cue.start].stem != "use" or (tokens[cue.start].word == "used" and before not in ("is", "are", "be"))


def _opens_as_subject(tokens: Sequence[Token], cue: Cue) -> bool:
    """«Failing to …», «not washing …», «delay in …» as the subject of a clause."""
    first = tokens[cue.start]
    before = tokens[cue.start - 1].word if cue.start else ""
    if before and before[0].isalnum() and before not in ("because", "any", "the", "that", "and", "but", "a"):
        return False
    follows = tokens[cue.end] if cue.end < len(tokens) else first
    return (
        first.form == "ing"
        or first.word in ("failure", "lack", "absence")
        or (first.word == "not" and follows.form == "ing")
        or (first.word == "delay" and (follows.word in ("in", "to") or tokens[cue.end - 1].word == "in"))
    )


def _too_much(tokens: Sequence[Token], cue: Cue, match: Match) -> bool:
    """«You cannot call too early», «you can't press hard enough»."""
    if tokens[cue.start].word not in ("can", "never", "not", "no", "could", "should"):
        return False
    after = [token.word for token in tokens[match.first + 1 : match.last + 8]]
    for step, word in enumerate(after[:-1]):
        if (
            word == "too"
            and (after[step + 1] in _TOO or after[step + 1].endswith("ly"))
            and tokens[cue.start].word in ("can", "never", "no", "could")
        ):
            return True
    return tokens[cue.start].word == "can" and "enough" in after


def _third_person(tokens: Sequence[Token], cue: Cue) -> bool:
    """«Most people do not …» tells of others; «you do not», «please do not», «, do not» do not."""
    if tokens[cue.start].word in ("did", "does", "had"):
        return True
    if tokens[cue.start].word != "do" or not cue.start:
        return False
    before = tokens[cue.start - 1]
    named = before.word in (
        "people",
        "doctors",
        "hospitals",
        "parents",
        "patients",
        "paramedics",
        "nurses",
        "they",
        "we",
    )
    return named or before.word in ("many", "most", "some")


def apply_header(sentence: Sentence, anchor: int, evidence: Evidence) -> None:
    words = [token.word for token in sentence.tokens]
    if sentence.scope == "neg":
        own = evidence.turned_by and not evidence.interrupted
        reset = "but" in words[:anchor] or "instead" in words
        if not own and not reset:
            evidence.sign, evidence.turned_by, evidence.from_header = -evidence.sign, "header", True
    elif sentence.scope == "myth":
        evidence.rejected, evidence.turned_by = True, "header"
    elif sentence.scope == "report":
        evidence.reported = True
