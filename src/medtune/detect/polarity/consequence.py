"""Finds the evaluation that belongs to an action: as its predicate, or behind «if you …,»."""

from collections.abc import Sequence

from medtune.detect.polarity.anchor import is_noun, is_passive
from medtune.detect.polarity.effects import BAD_STEMS, FINITE_VERBS, NOTHING, Consequence, predicate
from medtune.detect.polarity.locate import Match
from medtune.detect.polarity.mood import Mood
from medtune.detect.polarity.phrases import Cue
from medtune.detect.polarity.tokens import Token, stems_of
from medtune.detect.polarity.valence import DOWN, UP
from medtune.detect.polarity.words import words_of

_EFFECTS = UP | DOWN

_GOOD_ENDS = words_of("prevent reduc eas reliev help sooth protect control limit improv minimis avoid lower lessen")

_NO_WARNING = words_of(
    "need want wish notice feel find also still take use call ask help be have start try not better well easier should"
)

_GAINS = words_of("better safer easier sooner faster quicker stronger healthier")
_LOSSES = words_of("worse harder slower weaker riskier deeper longer")

_SUBJECTS = words_of("you it he she the his her your")

_ENDED = stems_of("avoid prevent reduce stop ease relieve treat cure control lower limit soothe")
_EASING = stems_of("ease stop settle fade improve better heal go drop lessen pass subside cease")
_WORSENING = stems_of("worse worsen spread grow deepen swell")

_TREATING = words_of("tak use start receiv hav swallow begin tri inject wear")

_LINKING = words_of("is are can may will should must ought has could might was")

_OBLIGING = words_of("need needs have has ought try is remember")


def consequence(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int, mood: Mood) -> Consequence:
    """The evaluation of the action itself, found by the first of these readings that applies."""
    if tokens[0].word == "without" and anchor <= 6:
        found = _harm_only(_behind_comma(tokens, cues, match))
        return found if found.value else _harm_only(predicate(tokens, cues, match.last))
    quoted = [step for step in range(match.last + 1, len(tokens)) if tokens[step].word in '"”']
    if quoted and any(token.word in '"“' for token in tokens[: match.first]):
        return predicate(tokens, cues, quoted[0])
    for found in (
        _of_degree(tokens, match),
        _of_infinitive(tokens, cues, match, mood),
        _of_means(tokens, cues, match, anchor),
        predicate(tokens, cues, match.last) if _passive_like(tokens, match) else NOTHING,
        _of_subject(tokens, cues, match, anchor, mood),
        _of_supposition(tokens, cues, match, anchor, mood),
        _of_sequel(tokens, cues, match, anchor, mood),
    ):
        if found.value or found.mild:
            return found
    return NOTHING


def _of_degree(tokens: Sequence[Token], match: Match) -> Consequence:
    """«The sooner you cool it, the less it will scar», «the less you move, the better»."""
    commas = [step for step in range(match.last, len(tokens) - 2) if tokens[step].word == ","]
    if tokens[0].word != "the" or not commas or tokens[commas[0] + 1].word != "the":
        return NOTHING
    start = commas[0] + 2
    degree, words = tokens[start].word, {token.word for token in tokens[start:]}
    value = 1 if words & _GAINS else -1 if words & _LOSSES else 0
    if not value:
        stems = {token.stem for token in tokens[start + 1 :]}
        value = -1 if stems & BAD_STEMS else 1
        value = -value if degree in ("less", "fewer", "lower", "smaller") else value
    return Consequence(-value if tokens[1].word in ("less", "fewer") else value, f"the {degree}", False)


def _harm_only(found: Consequence) -> Consequence:
    return found if found.value < 0 else NOTHING


def _behind_comma(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, guess: bool = False) -> Consequence:
    comma = next((step for step in range(match.last, len(tokens)) if tokens[step].word == ","), -1)
    return predicate(tokens, cues, comma, guess) if comma > 0 else NOTHING


def _of_infinitive(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, mood: Mood) -> Consequence:
    """«Salt water to cause vomiting is contraindicated.»"""
    if mood != "command" or match.head < 2 or tokens[match.head - 1].word != "to":
        return NOTHING
    linked = any(token.word in ("is", "are", "can", "will", "may") for token in tokens[match.last : match.last + 6])
    if not linked or tokens[match.head - 2].word in _OBLIGING:
        return NOTHING
    return _harm_only(predicate(tokens, cues, match.last))


def _of_means(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int) -> Consequence:
    """«You risk infection by bursting a blister», «prevent shock by laying the person down»."""
    means = match.head == anchor > 1 and tokens[anchor].form == "ing" and tokens[anchor - 1].word in ("by", "through")
    if means and anchor > 3 and tokens[anchor - 2].form == "ed" and (found := _achieved(tokens[: anchor - 1])):
        return found
    if means and _opens_with_good_end(tokens):
        return Consequence(1, "a means", False)
    if not means or tokens[0].word != "you" or not _free_of_negation(cues, anchor):
        return NOTHING
    return _harm_only(predicate(tokens[: anchor - 1], cues, 0))


def _of_subject(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int, mood: Mood) -> Consequence:
    """«Rubbing makes it worse», «contact with it should be avoided», «that you should rub it is nonsense»."""
    passive = mood in ("told", "inherit") and match.last > match.head >= 0 and is_passive(tokens, match)
    if mood == "subject" or passive:
        return predicate(tokens, cues, _subject_end(tokens, cues, match), not is_treatment(tokens, match))
    linked = any(token.word in _LINKING for token in tokens[match.last + 1 : match.last + 3])
    noun = mood == "command" and match.head == anchor == 0 and linked
    return predicate(tokens, cues, _subject_end(tokens, cues, match)) if noun or tokens[0].word == "that" else NOTHING


def _opens_with_good_end(tokens: Sequence[Token]) -> bool:
    """«Prevent …», «reduce …», «you can help …»: what the means is for."""
    opening = [token for token in tokens[:3] if token.word not in ("you", "can", "please", "may", "to")]
    return bool(opening) and opening[0].form == "base" and opening[0].stem in _GOOD_ENDS


def is_treatment(tokens: Sequence[Token], match: Match) -> bool:
    """Taking, using or having something: what it brings with it may be a side effect."""
    return match.head < 0 or (tokens[match.head].stem in _TREATING and not is_noun(tokens, match.head))


def _of_supposition(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int, mood: Mood) -> Consequence:
    """«If you scratch the bite, you can cause an infection.»"""
    if mood != "supposed" or not _if_you(tokens, anchor):
        return NOTHING
    opener = max(step for step in range(anchor) if tokens[step].word in ("if", "when"))
    if opener >= 3 and tokens[opener - 1].word not in (",", "and", "or", "but", "only", "even"):
        # «You risk a stroke if you stop the tablets.»
        ahead = _outcome(tokens[:opener]) or predicate(tokens[:opener], cues, 0, guess=True, skip=False)
        praised = any(cue.kind == "good" and cue.end <= opener for cue in cues)
        return ahead if ahead.value < 0 or praised or ahead.words == "an outcome" else NOTHING
    found = _behind_comma(tokens, cues, match, guess=True)
    return found if found.value < 0 or found.mild else _warning(tokens, match)


def _achieved(tokens: Sequence[Token]) -> Consequence | None:
    """«Dehydration is avoided by …», «lives are saved by …», «germs are spread by …»."""
    done = tokens[-1].stem
    if done in BAD_STEMS:
        return Consequence(-1, "what it does", False)
    good = done in _ENDED and any(token.stem in BAD_STEMS for token in tokens[:-1])
    return Consequence(1, "what it does", False) if good or done in ("sav", "spar", "protect", "preserv") else None


def _outcome(tokens: Sequence[Token]) -> Consequence | None:
    """«The pain will ease», «the bleeding will get worse»: what becomes of a complaint."""
    will = next((step for step, token in enumerate(tokens) if token.word in ("will", "may", "can", "should")), -1)
    if will < 1 or "not" in {token.word for token in tokens}:
        return None
    stems = {token.stem for token in tokens[will + 1 :]}
    if stems & _WORSENING:
        return Consequence(-1, "an outcome", False)
    complaint = any(token.stem in BAD_STEMS for token in tokens[:will])
    return Consequence(1, "an outcome", False) if complaint and stems & _EASING else None


def _warning(tokens: Sequence[Token], match: Match) -> Consequence:
    """«If you …, its head may stay behind»: what may come of it is a warning, if it is not known to be good."""
    comma = next((step for step in range(match.last, len(tokens)) if tokens[step].word == ","), len(tokens))
    words = {token.word for token in tokens[comma:]}
    warned = words & {"may", "might", "could"} and not words & _NO_WARNING
    return Consequence(-1, "a warning", False) if warned else NOTHING


def _of_sequel(tokens: Sequence[Token], cues: Sequence[Cue], match: Match, anchor: int, mood: Mood) -> Consequence:
    """«Rub it and you make it worse.»"""
    if mood != "command" or anchor != match.head:
        return NOTHING
    for step in range(match.last + 1, len(tokens) - 2):
        if tokens[step].word in ("and", "or") and tokens[step + 1].word in _SUBJECTS:
            return _harm_only(predicate(tokens, cues, step + 1)) if tokens[step].word == "and" else NOTHING
    return NOTHING


def _subject_end(tokens: Sequence[Token], cues: Sequence[Cue], match: Match) -> int:
    """Where the subject ends, if an object of the action was only found behind the finite verb."""
    if 0 <= match.head != match.first:
        return match.last
    starts = {cue.start for cue in cues if cue.kind in ("bad_verb", "good_verb")}
    for step in range(match.first + 1, match.last):
        token = tokens[step]
        finite = token.word in FINITE_VERBS or token.word == "makes"
        finite = finite or (token.form == "s" and step - 1 in match.places and step not in match.places)
        if finite or (step in starts and token.form == "s") or (token.form == "s" and token.stem in _EFFECTS):
            return step - 1
    return match.last


def _passive_like(tokens: Sequence[Token], match: Match) -> bool:
    """«Ice placed on the skin can …»: a participle behind its noun, without an auxiliary."""
    return match.head > match.first and tokens[match.head].form == "ed" and not is_passive(tokens, match)


def _if_you(tokens: Sequence[Token], anchor: int) -> bool:
    words = [token.word for token in tokens[max(0, anchor - 6) : anchor]]
    return ("if" in words and ("you" in words or "someone" in words)) or ("when" in words and "you" in words)


def _free_of_negation(cues: Sequence[Cue], anchor: int) -> bool:
    """No negation before `anchor`."""
    return not any(cue.kind in ("neg", "avert") and cue.end <= anchor for cue in cues)
