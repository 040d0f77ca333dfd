"""Judges one place of an action in one sentence. The rules stand in the order in which they decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtune.detect.polarity import frames, sequel
from medtune.detect.polarity.layout import Sentence
from medtune.detect.polarity.locate import Match
from medtune.detect.polarity.phrases import Cue, all_cues, choose
from medtune.detect.polarity.scope import reaches
from medtune.detect.polarity.tokens import Token

Kind = Literal["advised", "prohibited", "conditional", "reported", "unclear"]

_TURNING = frozenset({"neg", "avert", "interrupt", "bad"})
_TOO = frozenset("early soon often much many quickly fast careful long hard well strongly highly".split())


@dataclass(frozen=True, slots=True)
class Judgement:
    """Polarity of one mention and the rule that decided; `firm` is False for what a report or question holds."""

    polarity: Kind
    rule: str
    firm: bool = True


@dataclass(slots=True)
class _Evidence:
    sign: int = 1
    turned_by: str = ""
    interrupted: bool = False
    praised: bool = False
    rejected: bool = False
    reported: bool = False
    past: bool = False
    of_others: bool = False
    from_header: bool = False


def judge(sentence: Sentence, match: Match, following: Sequence[Sentence]) -> Judgement:
    """Judge one match; `following` holds the sentences behind it."""
    tokens = sentence.tokens
    cues = choose(all_cues(tokens), frozenset(match.places))
    anchor = _anchor(tokens, cues, match)
    evidence = _gather(tokens, cues, match, anchor)
    _apply_header(sentence, cues, anchor, evidence)
    mood = frames.mood(tokens, anchor, match.head == anchor)
    hears = frames.hearsay(tokens, anchor)
    value, words, mild = _consequence(tokens, cues, match, anchor, mood)
    for verdict in (
        _question(sentence, following, cues),
        _myth(sentence, evidence),
        _report(sentence, following, cues, match, evidence, hears, mood, value),
        _condition(sentence, cues, match, evidence, mood, value),
        _evaluated(evidence, value, words, mild),
        _plainly(sentence, evidence, mood, match, following),
    ):
        if verdict:
            return verdict
    return Judgement("unclear", "no evidence")


def _anchor(tokens: Sequence[Token], cues: Sequence[Cue], match: Match) -> int:
    """The place to judge: the verb, but the object where a cue parts the two («give water, never aspirin»)."""
    if match.head < 0:
        return match.first
    behind = [place for place in match.places if place > match.head]
    if not behind:
        return match.first if _is_passive(tokens, match) else match.head
    parts = [cue for cue in cues if match.head < cue.start < behind[-1] and cue.kind in ("neg", "avert", "just")]
    if parts:
        return next(place for place in behind if place > parts[-1].start)
    words = [token.word for token in tokens[match.head + 1 : behind[0]]]
    return behind[0] if "but" in words or ("over" in words and _chooses(tokens, match.head)) else match.head


def _is_passive(tokens: Sequence[Token], match: Match) -> bool:
    before = [token.word for token in tokens[max(0, match.head - 5) : match.head]]
    return tokens[match.head].form == "ed" and bool({"be", "is", "are", "was", "were", "been", "being"} & set(before))


def _chooses(tokens: Sequence[Token], place: int) -> bool:
    return any(token.stem in ("choos", "prefer", "pick", "opt", "favour", "favor") for token in tokens[: place + 1])


def _gather(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int) -> _Evidence:
    found = _Evidence()
    places = frozenset(match.places)
    passive_head = match.head if match.head > anchor and _is_passive(tokens, match) else -1
    for cue in cues:
        target = anchor if cue.end <= anchor else passive_head
        if cue.end > target or not reaches(tokens, cue, target, places):
            continue
        _weigh(tokens, cue, target, match, found)
    step = anchor - 1
    while step > 0 and anchor - step <= 4:
        if tokens[step].word == "over" and _chooses(tokens[:step], step):
            found.sign, found.turned_by = -found.sign, "preferred over"
        step -= 1
    return found


def _weigh(tokens: Sequence[Token], cue: Cue, target: int, match: Match, found: _Evidence) -> None:
    phrase = " ".join(token.word for token in tokens[cue.start : cue.end])
    if cue.kind == "myth":  # what stands before it does not matter: «do not believe the myth that»
        found.rejected, found.sign, found.interrupted, found.turned_by = True, 1, False, phrase
    elif cue.kind == "report":
        found.reported = True
    elif cue.kind == "past":
        found.past = found.past or _is_past(tokens, cue)
    elif cue.kind == "good":
        found.praised = True
    elif cue.kind == "just":
        later = {token.word for token in tokens[match.last :]}
        if not later & {"also", "too", "but", "additionally", "as"}:
            found.sign, found.turned_by = -found.sign, phrase
    elif cue.kind in _TURNING:
        if cue.kind == "neg" and _too_much(tokens, cue, match):
            found.praised = True
            return
        found.of_others = found.of_others or _third_person(tokens, cue)
        found.interrupted = found.interrupted or cue.kind == "interrupt"
        found.sign, found.turned_by = -found.sign, phrase


def _is_past(tokens: Sequence[Token], cue: Cue) -> bool:
    """«Used to» as in «doctors used to», not «is used to» or «use … to»."""
    before = tokens[cue.start - 1].word if cue.start else ""
    return tokens[cue.start].stem != "use" or (tokens[cue.start].word == "used" and before not in ("is", "are", "be"))


def _too_much(tokens: Sequence[Token], cue: Cue, match: Match) -> bool:
    """«You cannot call too early», «you can't press hard enough»."""
    if tokens[cue.start].word not in ("can", "never", "not", "no", "could", "should"):
        return False
    after = [token.word for token in tokens[match.last + 1 : match.last + 8]]
    after += [token.word for token in tokens[match.first + 1 : match.last]]
    for step, word in enumerate(after[:-1]):
        if word == "too" and after[step + 1] in _TOO and tokens[cue.start].word in ("can", "never", "no", "could"):
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


def _apply_header(sentence: Sentence, cues: Sequence[Cue], anchor: int, evidence: _Evidence) -> None:
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


def _consequence(
    tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int, mood: frames.Mood
) -> tuple[int, str, bool]:
    """The evaluation that follows the action as its subject, or follows «if you …, »."""
    if mood == "subject" or (
        mood in ("told", "inherit") and match.last > match.head >= 0 and _is_passive(tokens, match)
    ):
        return frames.predicate(tokens, cues, match.last)
    if mood == "supposed" and _if_you(tokens, anchor):
        comma = next((step for step in range(match.last + 1, len(tokens)) if tokens[step].word == ","), -1)
        if comma > 0:
            value, words, mild = frames.predicate(tokens, cues, comma)
            return (value, words, mild) if value < 0 or mild else (0, "", False)
    if mood == "command" and anchor == match.head:
        for step in range(match.last + 1, len(tokens) - 2):
            if tokens[step].word in ("and", "or") and tokens[step + 1].word in ("you", "it"):
                value, words, mild = frames.predicate(tokens, cues, step + 1)
                return (value, words, mild) if value < 0 and tokens[step].word == "and" else (0, "", False)
    return 0, "", False


def _if_you(tokens: Sequence[Token], anchor: int) -> bool:
    words = [token.word for token in tokens[max(0, anchor - 6) : anchor]]
    return "if" in words and ("you" in words or "someone" in words) or "when" in words and "you" in words


def _question(sentence: Sentence, following: Sequence[Sentence], cues: Sequence[Cue]) -> Judgement | None:
    if not sentence.question:
        return None
    words = [token.word for token in sentence.tokens[:2]]
    if words == ["why", "not"]:
        return Judgement("advised", "question: why not")
    replied = sequel.answer(following)
    if replied:
        turned = any(cue.kind in ("neg", "avert") for cue in cues)
        return Judgement("advised" if (replied > 0) != turned else "prohibited", "question with its answer")
    return Judgement("reported", "question", firm=False)


def _myth(sentence: Sentence, evidence: _Evidence) -> Judgement | None:
    if not evidence.rejected:
        return None
    return Judgement("prohibited" if evidence.sign > 0 else "advised", f"myth: {evidence.turned_by}")


def _report(
    sentence: Sentence,
    following: Sequence[Sentence],
    cues: Sequence[Cue],
    match: Match,
    evidence: _Evidence,
    hears: bool,
    mood: frames.Mood,
    value: int,
) -> Judgement | None:
    tokens = sentence.tokens
    past = evidence.past or any(cue.kind in ("past", "report") and cue.start > match.last and _same_clause(tokens, match.last,
                                cue.start) for cue in cues)  # fmt: skip
    if not (evidence.reported or hears or past or mood == "past" or evidence.of_others):
        return None
    if value < 0:
        return Judgement("prohibited", "report, rejected")
    verdict = sequel.rest_of_sentence(tokens, match.last) or sequel.next_sentence(following)
    if verdict < 0 and evidence.sign > 0:
        return Judgement("prohibited", "report, rejected")
    if verdict > 0 and evidence.sign > 0 and not past:
        return Judgement("advised", "report, confirmed")
    if (evidence.praised or value > 0) and evidence.of_others and evidence.sign < 0:
        return Judgement("prohibited", "not recommended")
    return Judgement("reported", "past practice" if past else "report", firm=False)


def _same_clause(tokens: Sequence[Token], start: int, end: int) -> bool:
    return not any(token.word in (";", "but", "—", ":") for token in tokens[start:end])


def _condition(
    sentence: Sentence, cues: Sequence[Cue], match: Match, evidence: _Evidence, mood: frames.Mood, value: int
) -> Judgement | None:
    if sentence.scope == "cond":
        return Judgement("conditional", "condition: header")
    found = frames.condition(sentence.tokens, cues, match.first, match.last, evidence.sign * (value or 1))
    if found:
        return Judgement("conditional", f"condition: {found}")
    if mood == "supposed" and not value and not evidence.from_header:
        words = [token.word for token in sentence.tokens[: match.first]]
        if "before" in words:
            return Judgement("conditional", "condition: before") if evidence.sign > 0 else None
        if {"must", "have", "need"} & set(words[-4:]):
            return Judgement("conditional", "condition: if you must")
        if not evidence.turned_by:
            return Judgement("reported", "a situation", firm=False)
    return None


def _evaluated(evidence: _Evidence, value: int, words: str, mild: bool) -> Judgement | None:
    if mild:
        return Judgement("reported", f"side effect: {words}", firm=False)
    if not value:
        return None
    good = evidence.sign * value > 0
    return Judgement("advised" if good else "prohibited", f"consequence: {words}")


def _plainly(
    sentence: Sentence, evidence: _Evidence, mood: frames.Mood, match: Match, following: Sequence[Sentence]
) -> Judgement | None:
    if evidence.sign < 0:
        return Judgement("prohibited", f"turned by: {evidence.turned_by}")
    if evidence.turned_by:
        return Judgement("advised", f"double negative: {evidence.turned_by}")
    if evidence.praised:
        return Judgement("advised", "recommended")
    if mood == "told":
        return Judgement("reported", "description", firm=False)
    if mood == "command":
        if (
            sequel.next_sentence(following) < 0
            and following
            and following[0].tokens[0].word in ("this", "that", "wrong")
        ):
            return Judgement("unclear", "advice, then rejected")
        return Judgement("advised", "command")
    if sentence.scope in ("pos", "fact") or (mood == "inherit" and frames.commands(sentence.tokens, match.first)):
        return Judgement("advised", "within a command")
    return None
