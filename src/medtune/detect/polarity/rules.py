"""Judges one place of an action in one sentence. The rules stand in the order in which they decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtune.detect.polarity import frames, sequel
from medtune.detect.polarity.layout import Sentence
from medtune.detect.polarity.locate import Match
from medtune.detect.polarity.phrases import Cue, all_cues, choose
from medtune.detect.polarity.scope import is_verb_start, reaches
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.words import DOWN, FILLERS, MILD, UP, VERBS

Kind = Literal["advised", "prohibited", "conditional", "reported", "unclear"]

_TURNING = frozenset({"neg", "avert", "interrupt", "bad"})
_BETTER = frozenset("better safer rather wiser preferable more quicker greater surer faster simpler stronger".split())
_BLOCKERS = frozenset("keep prevent stop discourag deter hold restrain bar ban prohibit protect forbid talk".split())
_OBLIGING = frozenset("need needs have has ought try is remember".split())
_LINKING = frozenset("is are can may will should must ought has could might was".split())
_NOUN_ENDINGS = ("sure", "tion", "sion", "ment", "oval", "ance")
_TOLD = frozenset("reported admitted described denied tried recalled mentioned remembered".split())
EFFECTS = UP | DOWN
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
    gerund: bool = False
    equalled: bool = False


def judge(sentence: Sentence, match: Match, following: Sequence[Sentence]) -> Judgement:
    """Judge one match; `following` holds the sentences behind it."""
    tokens = sentence.tokens
    cues = choose(all_cues(tokens), frozenset(match.places))
    anchor = _anchor(tokens, cues, match)
    evidence = _gather(tokens, cues, match, anchor)
    _apply_header(sentence, cues, anchor, evidence)
    passive = match.head > anchor and _is_passive(tokens, match)
    verbal = passive or (match.head == anchor and not _is_noun(tokens, match.head))
    mood = frames.mood(tokens, match.head if passive else anchor, verbal)
    if evidence.gerund:
        mood = "subject"
    elif match.undone:
        mood = "command"
    hears = frames.hearsay(tokens, anchor)
    value, words, mild = _consequence(tokens, cues, match, anchor, mood)
    hears = hears or (anchor > 0 and tokens[anchor].form == "ing" and tokens[anchor - 1].word in _TOLD)
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
        return _anchor_before(tokens, cues, match)
    parts = [
        cue
        for cue in cues
        if match.head < cue.start < behind[-1]
        and cue.kind in ("neg", "avert", "just")
        and not (is_verb_start(tokens, cue.end) or tokens[cue.end].form == "ing")  # «elevate rather than lower the leg»
    ]
    if parts:
        return next(place for place in behind if place > parts[-1].start)
    words = [token.word for token in tokens[match.head + 1 : behind[0]]]
    return behind[0] if "but" in words or ("over" in words and _chooses(tokens, match.head)) else match.head


def _is_noun(tokens: Sequence[Token], head: int) -> bool:
    """«Exposure to …», «treatment», «use of …»."""
    word = tokens[head].word
    follows = tokens[head + 1].word if head + 1 < len(tokens) else ""
    return follows == "of" or (len(word) > 6 and word.endswith(_NOUN_ENDINGS) and word not in VERBS)


def _anchor_before(tokens: Sequence[Token], cues: Sequence[Cue], match: Match) -> int:
    """All objects stand before the verb: passive, or put there by «instead of»."""
    if match.first == match.head or _is_passive(tokens, match):
        return match.first
    words = [token.word for token in tokens[match.first : match.head]]
    averted = any(
        cue.kind == "avert" and cue.end <= match.first and all(t.word in FILLERS for t in tokens[cue.end : match.first])
        for cue in cues
    )
    return match.first if averted and "," in words else match.head


def _is_passive(tokens: Sequence[Token], match: Match) -> bool:
    before = [token.word for token in tokens[max(0, match.head - 5) : match.head]]
    return tokens[match.head].form == "ed" and bool({"be", "is", "are", "was", "were", "been", "being"} & set(before))


def _chooses(tokens: Sequence[Token], place: int) -> bool:
    return any(token.stem in ("choos", "prefer", "pick", "opt", "favour", "favor") for token in tokens[: place + 1])


def _gather(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int) -> _Evidence:
    found = _Evidence()
    if match.undone:
        found.sign, found.turned_by, found.interrupted = -1, "left undone", True
    places = frozenset(match.places)
    passive_head = match.head if match.head > anchor and _is_passive(tokens, match) else -1
    reached: list[tuple[Cue, int]] = []
    blocker = _blocked_from(tokens, anchor)
    if blocker >= 0:
        cues = [cue for cue in cues if not cue.start <= blocker < cue.end]
        reached.append((Cue("interrupt", blocker, blocker + 1), anchor))
    for cue in reversed(cues):
        target = anchor if cue.end <= anchor else passive_head
        # A negation reaches what it turns through a cue that reaches it: «don't wait for symptoms before calling».
        through = [other.start for other, _ in reached if other.kind in ("interrupt", "avert") and cue.end <= other.start]
        if cue.end <= target and (
            reaches(tokens, cue, target, places)
            or (cue.kind in ("neg", "interrupt") and any(reaches(tokens, cue, start, places) for start in through))
        ):
            reached.append((cue, target))
    reached.sort(key=lambda pair: pair[0].start)
    for cue, target in _without_repeats(tokens, reached):
        _weigh(tokens, cue, target, match, found)
    step = anchor - 1
    while step > 0 and anchor - step <= 4:
        if tokens[step].word == "than" and tokens[step - 1].word != "rather" and not found.equalled and any(token.word in _BETTER for token in tokens[max(0, step - 12) : step]):
            found.sign, found.turned_by, found.praised = -found.sign, "better than", False
        if tokens[step].word == "to" and any(token.stem == "prefer" for token in tokens[max(0, step - 8) : step - 1]):
            found.sign, found.turned_by = -found.sign, "preferred to"
        if tokens[step].word == "over" and _chooses(tokens[:step], step):
            found.sign, found.turned_by = -found.sign, "preferred over"
        step -= 1
    return found


def _blocked_from(tokens: Sequence[Token], anchor: int) -> int:
    """«Keep the child from swallowing»: the place of keep, stop, prevent and the like, or -1."""
    if anchor < 2 or tokens[anchor].form != "ing" or tokens[anchor - 1].word != "from":
        return -1
    for step in range(anchor - 2, max(-1, anchor - 9), -1):
        if not tokens[step].word[0].isalnum():
            return -1
        if tokens[step].stem in _BLOCKERS:
            return step
    return -1


def _without_repeats(tokens: Sequence[Token], reached: list[tuple[Cue, int]]) -> list[tuple[Cue, int]]:
    """A negation said again in a list turns once: «don't rub and don't scratch», «neither … nor»."""
    kept: list[tuple[Cue, int]] = []
    for cue, target in reached:
        if cue.kind in ("neg", "avert") and kept and kept[-1][0].kind in ("neg", "avert"):
            between = {token.word for token in tokens[kept[-1][0].end : cue.start]}
            if between & {",", "and", "or"} or tokens[cue.start].word in ("nor", "neither"):
                kept.pop()
        elif cue.kind == "interrupt" and kept and kept[-1][0].kind == "interrupt":
            if {token.word for token in tokens[kept[-1][0].end : cue.start]} & {",", "and", "or", "nor"}:
                kept.pop()
        kept.append((cue, target))
    return kept


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
        found.of_others = found.of_others or _third_person(tokens, cue)
        found.interrupted = found.interrupted or cue.kind == "interrupt"
        found.gerund = found.gerund or _opens_as_subject(tokens, cue)
        found.sign, found.turned_by = -found.sign, phrase


def _incomparable(tokens: Sequence[Token], cue: Cue, target: int) -> bool:
    """«No better step than …», «no child is too young to …»."""
    words = [token.word for token in tokens[cue.end : target]]
    if "than" in words and set(words) & _BETTER:
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
    return told and tokens[cue.start].form == "ed" and before[:1].isalpha() and before not in ("is", "are", "be", "been", "also", "strongly", "highly", "now", "being")


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
    if tokens[0].word == "without" and anchor <= 6:
        comma = next((step for step in range(match.last, len(tokens)) if tokens[step].word == ","), -1)
        value, words, mild = frames.predicate(tokens, cues, comma) if comma > 0 else (0, "", False)
        return (value, words, mild) if value < 0 else (0, "", False)
    quoted = [step for step in range(match.last + 1, len(tokens)) if tokens[step].word in '"”']
    if quoted and any(token.word in '"“' for token in tokens[: match.first]):
        return frames.predicate(tokens, cues, quoted[0])
    if mood == "command" and match.head > 1 and tokens[match.head - 1].word == "to":
        value, words, mild = frames.predicate(tokens, cues, match.last)
        linked = any(token.word in ("is", "are", "can", "will", "may") for token in tokens[match.last : match.last + 6])
        if value < 0 and linked and tokens[match.head - 2].word not in _OBLIGING:
            return value, words, mild
    if match.head == anchor > 1 and tokens[anchor].form == "ing" and tokens[anchor - 1].word == "by" and tokens[0].word == "you":
        value, words, mild = frames.predicate(tokens[: anchor - 1], cues, 0)
        return (value, words, mild) if value < 0 and evidence_free(cues, anchor) else (0, "", False)
    if passive_like(tokens, match):
        value, words, mild = frames.predicate(tokens, cues, match.last)
        if value:
            return value, words, mild
    if mood == "subject" or (
        mood in ("told", "inherit") and match.last > match.head >= 0 and _is_passive(tokens, match)
    ):
        return frames.predicate(tokens, cues, _subject_end(tokens, cues, match), match.head >= 0)
    linked = any(token.word in _LINKING for token in tokens[match.last + 1 : match.last + 3])
    noun = match.head == anchor == 0 and linked
    if (mood == "command" and noun) or tokens[0].word == "that":
        return frames.predicate(tokens, cues, _subject_end(tokens, cues, match))
    if mood == "supposed" and _if_you(tokens, anchor):
        comma = next((step for step in range(match.last + 1, len(tokens)) if tokens[step].word == ","), -1)
        if comma > 0:
            value, words, mild = frames.predicate(tokens, cues, comma, guess=True)
            return (value, words, mild) if value < 0 or mild else (0, "", False)
    if mood == "command" and anchor == match.head:
        for step in range(match.last + 1, len(tokens) - 2):
            if tokens[step].word in ("and", "or") and tokens[step + 1].word in ("you", "it"):
                value, words, mild = frames.predicate(tokens, cues, step + 1)
                return (value, words, mild) if value < 0 and tokens[step].word == "and" else (0, "", False)
    return 0, "", False


def evidence_free(cues: Sequence[Cue], anchor: int) -> bool:
    """No negation before `anchor`."""
    return not any(cue.kind in ("neg", "avert") and cue.end <= anchor for cue in cues)


def _subject_end(tokens: Sequence[Token], cues: Sequence[Cue], match: Match) -> int:
    """Where the subject ends, if an object of the action was only found behind the finite verb."""
    if match.head < 0 or match.first < match.head:
        return match.last
    starts = {cue.start for cue in cues if cue.kind in ("bad_verb", "good_verb")}
    for step in range(match.head + 1, match.last):
        token = tokens[step]
        finite = token.word in ("can", "may", "could", "will", "might", "would", "is", "makes", "does")
        if finite or (step in starts and token.form == "s") or (token.form == "s" and token.stem in EFFECTS):
            return step - 1
    return match.last


def passive_like(tokens: Sequence[Token], match: Match) -> bool:
    """«Ice placed on the skin can …»: a participle behind its noun, without an auxiliary."""
    return match.head > match.first and tokens[match.head].form == "ed" and not _is_passive(tokens, match)


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
    judged = value or (frames.predicate(tokens, cues, match.last)[0] if evidence.reported else 0)
    if judged < 0 and evidence.sign > 0:
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
            negated = any(c.kind == "neg" and "before" in words[c.end :] for c in cues if c.end <= match.first)
            if negated and not evidence.turned_by:
                return Judgement("advised", "not before it is done")
            free = evidence.sign < 0 or evidence.interrupted or any(c.kind == "plain" and c.end <= match.first for c in cues)
            if free and evidence.sign > 0 and not evidence.turned_by:
                return Judgement("advised", "without delay")
            return None if free else Judgement("conditional", "condition: before")
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
        if sequel.rest_of_sentence(sentence.tokens, match.last) < 0:
            return Judgement("prohibited", "report, rejected")
        return Judgement("reported", "description", firm=False)
    if mood == "command":
        if (
            sequel.next_sentence(following) < 0
            and following
            and following[0].tokens[0].word in ("this", "that", "wrong")
        ):
            return Judgement("unclear", "advice, then rejected")
        return Judgement("advised", "command")
    if mood == "inherit" and any(token.word in MILD for token in sentence.tokens):
        return Judgement("reported", "side effect", firm=False)
    if sentence.scope in ("pos", "fact") or (mood == "inherit" and frames.commands(sentence.tokens, match.first)):
        return Judgement("advised", "within a command")
    return None
