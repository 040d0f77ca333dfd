"""What a predicate says of its subject: good, bad, or a plain side effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtune.detect.polarity.phrases import Cue, is_adverb
from medtune.detect.polarity.tokens import Token, stem
from medtune.detect.polarity.valence import BAD_NOUNS, DOWN, GOOD_NOUNS, HARMS, HELPS, MILD, ORGANS, UP
from medtune.detect.polarity.words import words_of

_BAD = frozenset(map(stem, BAD_NOUNS - MILD))
_GOOD = frozenset(map(stem, GOOD_NOUNS)) - _BAD
_HARMS, _HELPS = frozenset(map(stem, HARMS)), frozenset(map(stem, HELPS))
_ORGANS = frozenset(map(stem, ORGANS))
BAD_STEMS = _BAD | _HARMS
"""Stems of harms and of harmful verbs."""

FINITE_VERBS = words_of(
    "is are was were can may might will would could should must does do did has have had isn't cannot ought"
)
_HARMS_ORGANS = words_of(
    "damag harm destroi ruin wreck threaten endanger compromis disturb injur attack burn scar break crack chip bruis"
)
_EFFECTS = UP | DOWN | _HARMS | _HELPS | _HARMS_ORGANS
_CAUSING = words_of("caus trigger provok lead result induc")
_HARMING = words_of(
    "scratch tear break burn bruis block rip punctur displac detach crush swell dislocat pierc sever shatter spill "
    "strangl bury jam inflam perforat blister freez collapse crack snap force reopen"
)
_NEUTRAL = words_of("mean require need contain count take include apply have matter replace cost depend involve")
_WORSE = words_of("awake worse harder difficult impossible useless dangerous permanent deeper infected bigger")

_HARDLY = words_of("less little hardly barely scarcely")
_ODDS = words_of("chanc risk odd likelihood probabiliti danger rate")
_STOPPING = words_of("avoid prevent stop eas settl cur reliev sooth calm end")
_INSIDE = words_of(
    "skin wound blood bloodstream lungs lung airway windpipe throat stomach gut tissue tissues eye ear nose cut flesh"
)
_WELCOME = words_of("oxygen medicine drug more breath breaths")
_LOWERED = words_of("throb edge strain pressure cholesterol temperature sugar weight pulse rate")
_BEFORE_VERBS = words_of("not never also often just only always even still")
_LEADING = words_of("to help helps and or not")
_AWAY = words_of("down away bay off out")
_LETTING = words_of("let mak allow caus send")

_EASIER = words_of(
    "supple flexible healthy moist dry steady better easier safer possible alive comfortable clean safe open clear "
    "calm still free"
)

_STOPS = frozenset({";", ":", ".", "!", "?", "—", "but", "because", "since", "so", "which", "although", "though"})


@dataclass(frozen=True, slots=True)
class Consequence:
    """-1 for harm, 1 for good, 0 for neither; the words that say so; whether they name a plain side effect."""

    value: int
    words: str
    mild: bool


NOTHING = Consequence(0, "", False)


def predicate(
    tokens: Sequence[Token], cues: Sequence[Cue], last: int, guess: bool = False, skip: bool = True
) -> Consequence:
    """The evaluation behind the token `last` in its clause.

    `guess`: by its nouns alone if no table knows its verb; a discomfort is then a harm, not a drug's side effect.
    `skip`: what stands before the finite verb belongs to the subject («a tablet to make up for a missed one is …»).
    """
    high = last + 1
    while high < len(tokens) and tokens[high].word not in _STOPS:
        if tokens[high].word == "," and not _inserted(tokens, high):
            break
        high += 1
    flips, denies = 1, False
    by_start = {cue.start: cue for cue in cues if cue.end <= len(tokens) and not _is_noun(tokens, cue)}
    if skip:
        last = _before_finite(tokens, by_start, last, high)
    step = last + 1
    while step < high:
        cue = by_start.get(step)
        bare = tokens[step].form == "base" and step > last + 1
        verbal = not bare or any(t.word in FINITE_VERBS or t.word in _LEADING for t in tokens[last + 1 : step])
        if (
            verbal
            and (effect := _effect(tokens, step, high, guess)) is not None
            and not (cue and cue.kind == "bad_verb")
        ):
            value, mild = effect
            return Consequence(flips * value, _words(tokens, step, min(high, step + 3)), mild)
        if tokens[step].word == "and" and step > last + 1:
            flips = 1
        if tokens[step].word in _HARDLY and not (cue and cue.kind == "neg"):
            flips = -flips
        if cue and cue.kind in ("neg", "avert", "interrupt"):
            flips = -flips
            denies = denies or cue.kind == "neg"
        elif cue and cue.kind in ("bad", "bad_verb"):
            return Consequence(-flips, _words(tokens, cue.start, cue.end), False)
        elif cue and cue.kind in ("good", "good_verb"):
            return _good(tokens, cue, flips, high)
        elif cue and cue.kind == "myth":
            return Consequence(-1, _words(tokens, cue.start, cue.end), False)
        step = cue.end if cue else step + 1
    return _unknown(tokens, last, high, flips, guess=guess, denies=denies)


def _before_finite(tokens: Sequence[Token], by_start: dict[int, Cue], last: int, high: int) -> int:
    """The last token of the subject: what stands before the finite verb and its adverbs."""
    found, inside = last, False
    for step in range(last + 1, high):
        token, before = tokens[step], tokens[step - 1].word
        inside = inside or token.word in ("if", "whether", "until", "when", "while")
        cue = by_start.get(step)
        verb = token.word in FINITE_VERBS or (
            token.form == "s" and (token.stem in _EFFECTS or (cue and cue.kind.endswith("_verb")))
        )
        if verb and before not in ("who", "which", "that", "the", "a", "an", "to"):
            end = step - 1
            while end > last and (tokens[end].word.endswith("ly") or tokens[end].word in _BEFORE_VERBS):
                end -= 1
            if not inside:
                return end
            found = end  # «waiting to see if it gets better is risky»: the last verb is the main one
    return found


def _is_bad(token: Token) -> bool:
    """A harm, listed or told from the ending of a disease."""
    return token.stem in _BAD or token.word.endswith(("itis", "osis", "aemia", "emia", "toxicity"))


def _is_noun(tokens: Sequence[Token], cue: Cue) -> bool:
    """«On a scald», «the damage»: a single word that is a verb elsewhere."""
    single = cue.end - cue.start == 1 and cue.kind in ("bad_verb", "good_verb", "interrupt")
    before = tokens[cue.start - 1].word if cue.start else ""
    return single and before in (
        "a",
        "an",
        "the",
        "any",
        "your",
        "his",
        "her",
        "their",
        "this",
        "every",
        "severe",
        "of",
    )


def _unknown(tokens: Sequence[Token], last: int, high: int, flips: int, *, guess: bool, denies: bool) -> Consequence:
    """No table knows the predicate: what it names may tell."""
    if denies and flips < 0 and last + 1 < len(tokens) and tokens[last + 1].word in ("does", "will", "can", "would"):
        return _denied(tokens, last, high)
    if flips > 0 and (found := _unnamed(tokens, last, high, guess)):
        return found
    if found := _by_nouns(tokens, last, high, flips, guess):
        return found
    if flips > 0 and (found := _driven_in(tokens, last, high)).value:
        return found
    return _by_verb(tokens, last, high, flips)


def _by_verb(tokens: Sequence[Token], last: int, high: int, flips: int) -> Consequence:
    """By the finite verb alone, whatever its object: «spoils the pictures», «spares the heart»."""
    for step in range(last + 1, min(high, last + 10)):
        token = tokens[step]
        before = next((other.word for other in reversed(tokens[last + 1 : step]) if not is_adverb(other.word)), "")
        finite = token.form == "s" or (token.form == "base" and before in FINITE_VERBS)
        if finite and token.stem in _HARMS:
            return Consequence(-flips, token.word, False)
        if finite and token.stem in _HELPS:
            return Consequence(flips, token.word, False)
    return NOTHING


def _driven_in(tokens: Sequence[Token], last: int, high: int) -> Consequence:
    """«Squeezes its contents into the skin»: what gets into the body there is harm, unless it is known to be good."""
    words = [token.word for token in tokens[last + 1 : high]]
    if "into" not in words or words[words.index("into") + 1 :] == []:
        return NOTHING
    behind = set(words[words.index("into") + 1 :][:4])
    return Consequence(-1, "into", False) if behind & _INSIDE and not set(words) & _WELCOME else NOTHING


def _unnamed(tokens: Sequence[Token], last: int, high: int, guess: bool) -> Consequence | None:
    """An unknown thing that the action causes is harm; what a drug (`guess` is False) causes, a side effect."""
    for step in range(last + 1, min(high, last + 9)):
        if tokens[step].stem in _CAUSING:
            return Consequence(-1 if guess else 0, tokens[step].word, not guess)
        modal = tokens[step - 1].word in ("can", "could", "may", "might", "will", "would")
        if guess and tokens[step].stem in _HARMING and (modal or tokens[step].form == "s"):
            return Consequence(-1, tokens[step].word, False)
    return None


def _denied(tokens: Sequence[Token], last: int, high: int) -> Consequence:
    """«Does not cool a burn»: what does not do what was hoped for is no advice."""
    words = {token.word for token in tokens[last + 1 : high]}
    return NOTHING if words & _NEUTRAL else Consequence(-1, "does not", False)


def _by_nouns(tokens: Sequence[Token], last: int, high: int, flips: int, guess: bool) -> Consequence | None:
    """A verb that no table knows: what it names tells a harm from a benefit."""
    finite = any(t.form == "s" or t.word in FINITE_VERBS for t in tokens[last + 1 : last + 4])
    for token in tokens[last + 1 : high] if finite else ():
        if token.word in MILD and not guess:
            return Consequence(0, token.word, True)
        if token.form == "ed":
            continue
        if _is_bad(token) or token.word in MILD:
            away = {t.word for t in tokens[last + 1 : high]} & _AWAY
            return Consequence(flips if away else -flips, token.word, False)
        if token.stem in _GOOD:
            return Consequence(flips, token.word, False)
    return None


def _good(tokens: Sequence[Token], cue: Cue, flips: int, high: int) -> Consequence:
    """«Helps bacteria spread» helps nobody."""
    if tokens[cue.start].stem in ("help", "work", "aid", "assist"):
        after = [token.word for token in tokens[cue.end : min(high, cue.end + 3)]]
        if after and after[0] in ("bacteria", "germs", "venom", "poison", "infection", "nobody", "no"):
            flips = -flips
    return Consequence(flips, _words(tokens, cue.start, cue.end), False)


def _effect(tokens: Sequence[Token], step: int, high: int, guess: bool) -> tuple[int, bool] | None:  # noqa: PLR0911, PLR0912 (the first case that applies)
    """Direction of an effect verb times the value of what it affects; None if there is no such pair."""
    token = tokens[step]
    if token.form == "ing" or tokens[step - 1].word in ("the", "a", "of"):
        return None
    if tokens[step - 1].word == "and" and token.form == "base":
        return None
    if token.stem in ("mak", "keep", "leav", "render"):
        for follows in tokens[step + 1 : min(high, step + 6)]:
            if follows.word in _WORSE:
                return -1, False
            if follows.word in _EASIER:
                return 1, False
    direction = (
        1
        if token.stem in UP or token.stem in ("hold", "tak", "let")
        else -1
        if token.stem in DOWN | _HARMS_ORGANS
        else 0
    )
    if not direction:
        return None
    after = _object_of(tokens, step, high)
    if token.stem in _HARMS_ORGANS and any(follows.stem in _ORGANS for follows in after[:5]):
        return -1, False
    if token.stem in _LETTING and any(follows.stem in ("blood", "vomit", "venom") for follows in after):
        return -1, False
    if token.stem in ("let", "bring", "get", "tak") and any(follows.word in _AWAY for follows in after):
        lowered = any(follows.stem in _BAD or follows.word in _LOWERED for follows in after)
        return (1, False) if lowered else None
    if token.stem in ("keep", "hold") and any(follows.word in _AWAY or follows.word == "from" for follows in after):
        direction = -1
    if direction > 0 and not guess and any(follows.word in MILD for follows in after):
        return 0, True
    for place, follows in enumerate(after):
        if follows.stem in _ODDS and place + 1 < len(after) and after[place + 1].word == "of":
            continue  # the chance of something is as good as that
        if follows.word in (
            "no",
            "little",
            "not",
            "less",
            "fewer",
            "without",
            "smaller",
            "shorter",
            "milder",
            "lower",
            "reduced",
        ):
            direction = -direction
        if follows.word in _LOWERED and token.stem in ("rais", "increas"):
            return -1, False
        if follows.word == "awake" and token.stem == "keep" and guess:
            return -1, False
        if follows.form == "ed":
            continue  # «a swollen ankle» names no effect
        if _is_bad(follows) or (guess and follows.word in MILD):
            return -direction, False
        if follows.stem in _GOOD:
            return 1 if token.stem in ("eas", "sooth", "reliev") else direction, False
    averts = token.stem in _STOPPING and after and after[0].word in ("that", "this", "it", "them")
    return (1, False) if averts else None


def _object_of(tokens: Sequence[Token], step: int, high: int) -> Sequence[Token]:
    """What stands behind the verb, without a further verb behind «and»."""
    end = min(high, step + 9)
    for place in range(step + 1, end - 1):
        follows = tokens[place + 1]
        if tokens[place].word in ("and", "or") and (follows.word in FINITE_VERBS or follows.stem in UP | DOWN):
            return tokens[step + 1 : place]
    return tokens[step + 1 : end]


def _inserted(tokens: Sequence[Token], comma: int) -> bool:
    """A comma that opens or closes a short insertion: «rubbing, even lightly, harms»."""
    return any(token.word == "," for token in tokens[comma + 1 : comma + 6]) or any(
        token.word == "," for token in tokens[max(0, comma - 6) : comma]
    )


def _words(tokens: Sequence[Token], start: int, end: int) -> str:
    return " ".join(token.word for token in tokens[start:end])
