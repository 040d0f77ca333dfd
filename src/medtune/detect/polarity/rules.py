"""Judges one place of an action in one sentence. The rules stand in the order in which they decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from medtune.detect.polarity import sequel
from medtune.detect.polarity.anchor import anchor_of, is_noun, is_passive
from medtune.detect.polarity.conditions import condition
from medtune.detect.polarity.consequence import consequence, is_treatment
from medtune.detect.polarity.denials import praise_denied_faults
from medtune.detect.polarity.effects import FINITE_VERBS, Consequence, predicate
from medtune.detect.polarity.evidence import Evidence, apply_header, gather
from medtune.detect.polarity.layout import Sentence
from medtune.detect.polarity.locate import VERB_STEMS, Match, alike
from medtune.detect.polarity.mood import Mood, commands, hearsay, mood_of
from medtune.detect.polarity.phrases import Cue, all_cues, choose
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.valence import MILD
from medtune.detect.polarity.words import words_of

Kind = Literal["advised", "prohibited", "conditional", "reported", "unclear"]

_OFTEN = words_of("few commonly sometimes occasionally often minority some rarely usually frequently")
_AMOUNTS = words_of("one two three four five six seven eight nine ten half plenty lots sips small")
_TOLD = words_of("reported admitted described denied tried recalled mentioned remembered")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Polarity of one mention and the rule that decided; `firm` is False for what a report or question holds."""

    polarity: Kind
    rule: str
    firm: bool = True


@dataclass(frozen=True, slots=True)
class _Scene:
    """All that the rules look at."""

    sentence: Sentence
    match: Match
    following: Sequence[Sentence]
    cues: Sequence[Cue]
    evidence: Evidence
    mood: Mood
    hears: bool
    said: Consequence

    @property
    def tokens(self) -> Sequence[Token]:
        return self.sentence.tokens


def judge(sentence: Sentence, match: Match, following: Sequence[Sentence]) -> Judgement:
    """Judge one match; `following` holds the sentences behind it."""
    scene = _scene(sentence, match, following)
    for rule in _RULES:
        if verdict := rule(scene):
            return verdict
    return Judgement("unclear", "no evidence")


def _scene(sentence: Sentence, match: Match, following: Sequence[Sentence]) -> _Scene:
    tokens = sentence.tokens
    taken = frozenset(match.places)
    cues = praise_denied_faults(tokens, choose(all_cues(tokens), taken), taken)
    anchor = anchor_of(tokens, cues, match)
    evidence = gather(tokens, cues, match, anchor)
    apply_header(sentence, anchor, evidence)
    passive = match.head > anchor and is_passive(tokens, match)
    verbal = passive or (match.head == anchor and not is_noun(tokens, match.head))
    mood = mood_of(tokens, match.head if passive else anchor, verbal)
    if 0 <= match.head < anchor and mood == "subject" and not is_noun(tokens, match.head):
        mood = mood_of(tokens, match.head, True)  # the object is judged, the verb says how: «apply no cream, only …»
    if evidence.gerund:
        mood = "subject"
    elif match.undone:
        mood = "command"
    told = anchor > 0 and tokens[anchor].form == "ing" and tokens[anchor - 1].word in _TOLD
    said = consequence(tokens, cues, match, anchor, mood)
    return _Scene(sentence, match, following, cues, evidence, mood, told or hearsay(tokens, anchor), said)


def _question(scene: _Scene) -> Judgement | None:
    if not scene.sentence.question:
        return None
    if [token.word for token in scene.tokens[:2]] == ["why", "not"]:
        return Judgement("advised", "question: why not")
    if replied := sequel.answer(scene.following):
        turned = any(cue.kind in ("neg", "avert") for cue in scene.cues)
        return Judgement("advised" if (replied > 0) != turned else "prohibited", "question with its answer")
    return Judgement("reported", "question", firm=False)


def _myth(scene: _Scene) -> Judgement | None:
    if not scene.evidence.rejected:
        return None
    return Judgement("prohibited" if scene.evidence.sign > 0 else "advised", f"myth: {scene.evidence.turned_by}")


def _report(scene: _Scene) -> Judgement | None:
    """Reported, unless the text itself rejects or confirms what it reports."""
    tokens, match, evidence = scene.tokens, scene.match, scene.evidence
    past = evidence.past or (evidence.sign > 0 and any(_looks_back(cue, scene) for cue in scene.cues))
    if not (evidence.reported or scene.hears or past or scene.mood == "past" or evidence.of_others):
        return None
    judged = scene.said.value or (predicate(tokens, scene.cues, match.last).value if evidence.reported or past else 0)
    verdict = min(judged, 0) or sequel.rest_of_sentence(tokens, match.last) or sequel.next_sentence(scene.following)
    if verdict < 0 and evidence.sign > 0:
        return Judgement("prohibited", "report, rejected")
    if verdict > 0 and evidence.sign > 0 and not past:
        return Judgement("advised", "report, confirmed")
    if (evidence.praised or scene.said.value > 0) and evidence.of_others and evidence.sign < 0:
        return Judgement("prohibited", "not recommended")
    return Judgement("reported", "past practice" if past else "report", firm=False)


def _looks_back(cue: Cue, scene: _Scene) -> bool:
    """A cue of the past or of a report behind the action, in the same clause."""
    between = scene.tokens[scene.match.last : max(cue.start, scene.match.last)]
    behind = cue.kind in ("past", "report") and cue.start > scene.match.last
    return behind and not any(token.word in (";", "but", "—", ":") for token in between)


def _situation(scene: _Scene) -> Judgement | None:
    """An item of a list of signs, causes or side effects."""
    return Judgement("reported", "listed as a sign", firm=False) if scene.sentence.scope == "situation" else None


def _condition(scene: _Scene) -> Judgement | None:
    if scene.sentence.scope == "cond":
        return Judgement("conditional", "condition: header")
    sign = scene.evidence.sign * (scene.said.value or 1)
    if found := condition(scene.tokens, scene.cues, scene.match, sign):
        return Judgement("conditional", f"condition: {found}")
    if scene.mood == "supposed" and not scene.said.value and not scene.evidence.from_header:
        return _supposed(scene)
    return None


def _supposed(scene: _Scene) -> Judgement | None:
    """The action stands in an if-, when- or before-clause."""
    words = [token.word for token in scene.tokens[: scene.match.first]]
    opener = next((word for word in reversed(words) if word in ("before", "until", "if", "when", "unless")), "")
    if opener in ("before", "until"):
        return _before(scene, words, opener)
    if words[-1:] == ["must"] or (words[-1:] == ["to"] and words[-2:-1] in (["have"], ["need"])):
        return Judgement("conditional", "condition: if you must")
    return None if scene.evidence.turned_by else Judgement("reported", "a situation", firm=False)


def _before(scene: _Scene, words: list[str], opener: str) -> Judgement | None:
    """«Do not eat before washing», «not a moment before calling», «check the label before giving»."""
    earlier = [cue for cue in scene.cues if cue.end <= scene.match.first]
    hurried = any(cue.kind == "plain" for cue in earlier)
    required = any(cue.kind in ("neg", "avert") and opener in words[cue.end :] for cue in earlier)
    if not scene.evidence.turned_by and (required or hurried):
        return Judgement("advised", "not before it is done")
    if scene.evidence.sign < 0 or scene.evidence.interrupted or hurried:
        return None
    return Judgement("conditional", "condition: before")


def _evaluated(scene: _Scene) -> Judgement | None:
    often = _OFTEN & {token.word for token in scene.tokens} and is_treatment(scene.tokens, scene.match)
    if scene.said.mild or (scene.said.value < 0 and often and scene.mood in ("subject", "inherit")):
        return Judgement("reported", f"side effect: {scene.said.words}", firm=False)
    # «Not rinsing …», «failing to …»: whatever it is said to lead to is harm, unless it is known to be good.
    value = scene.said.value or (-1 if scene.evidence.gerund else 0)
    if not value:
        return None
    good = scene.evidence.sign * value > 0
    return Judgement("advised" if good else "prohibited", f"consequence: {scene.said.words}".rstrip(": "))


def _turned(scene: _Scene) -> Judgement | None:
    if scene.evidence.sign < 0:
        return Judgement("prohibited", f"turned by: {scene.evidence.turned_by}")
    if scene.evidence.turned_by:
        return Judgement("advised", f"double negative: {scene.evidence.turned_by}")
    return Judgement("advised", "recommended") if scene.evidence.praised else None


def _described(scene: _Scene) -> Judgement | None:
    if scene.mood == "told":
        if (sequel.rest_of_sentence(scene.tokens, scene.match.last) or sequel.next_sentence(scene.following)) < 0:
            return Judgement("prohibited", "report, rejected")
        return Judgement("reported", "description", firm=False)
    ahead = scene.tokens[: scene.match.first]
    since = bool(ahead) and ahead[-1].word in ("after", "when", "while", "from", "on", "with", "starting")
    if since and any(token.word in MILD for token in ahead) and is_treatment(scene.tokens, scene.match):
        return Judgement("reported", "side effect", firm=False)
    after = {token.word for token in scene.tokens[scene.match.last + 1 : scene.match.last + 3]}
    if scene.mood == "subject" and scene.match.head < 0 and after & {"may", "might", "can", "sometimes", "often"}:
        return Judgement("reported", "description", firm=False)
    behind = scene.tokens[scene.match.last + 1 :]
    named = {"side", "effect"} <= {t.stem for t in scene.tokens} or any(token.word in MILD for token in behind)
    named = named and is_treatment(scene.tokens, scene.match)
    if scene.mood in ("inherit", "subject") and named:
        return Judgement("reported", "side effect", firm=False)
    return None


def _commanded(scene: _Scene) -> Judgement | None:
    tail = [token.word for token in scene.tokens[scene.match.first + 1 : scene.match.last + 5]]
    if scene.mood == "command" and "too" in tail and "and" in tail[tail.index("too") :]:
        return Judgement("prohibited", "too much of it, and what follows")
    if scene.mood == "command":
        answers = scene.following and scene.following[0].tokens[0].word in ("this", "that", "wrong")
        if answers and sequel.next_sentence(scene.following) < 0:
            return Judgement("unclear", "advice, then rejected")
        return Judgement("advised", "command")
    if _telegraphic(scene):
        return Judgement("advised", "telegraphic")
    if scene.sentence.scope in ("pos", "fact") or (
        scene.mood == "inherit" and commands(scene.tokens, scene.match.first) and _fits(scene)
    ):
        return Judgement("advised", "within a command")
    return None


def _fits(scene: _Scene) -> bool:
    """The verb that governs the thing may be the action's: «give alcohol a miss» advises no drinking of it."""
    if not scene.match.verb:
        return True
    for step in range(scene.match.first - 1, -1, -1):
        token = scene.tokens[step]
        if token.word in (";", ":", "—", "but"):
            return True
        if token.stem in VERB_STEMS and token.form in ("base", "ing"):
            return alike(scene.match.verb, token.stem)
    return True


def _telegraphic(scene: _Scene) -> bool:
    """«Gloves on before …», «two puffs now»: a thing with a particle or an amount, and no verb."""
    tokens = scene.tokens
    if scene.match.head >= 0 or scene.mood != "subject" or any(token.word in FINITE_VERBS for token in tokens):
        return False
    amount = tokens[0].word[0].isdigit() or tokens[0].word in _AMOUNTS
    after = tokens[scene.match.last + 1].word if scene.match.last + 1 < len(tokens) else ""
    return amount or (after in ("on", "off", "up", "down", "out") and scene.match.first == 0)


_RULES: tuple[Callable[[_Scene], Judgement | None], ...] = (
    _question, _myth, _situation, _report, _condition, _evaluated, _turned, _described, _commanded,
)  # fmt: skip
"""In the order in which they decide."""
