"""What a predicate says of its subject: good, bad, or a plain side effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtune.detect.polarity.phrases import Cue
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.words import BAD_NOUNS, DOWN, GOOD_NOUNS, MILD, UP, words_of

_CAUSING = words_of("caus trigger provok lead result induc")
_HARMING = words_of(
    "scratch tear break burn bruis block rip punctur displac detach crush swell dislocat pierc sever shatter spill "
    "strangl bury jam inflam perforat blister freez collapse crack snap force reopen"
)
_NEUTRAL = words_of("mean require need contain count take include apply have matter replace cost depend involve")
_WORSE = words_of("worse harder difficult impossible useless dangerous permanent deeper infected bigger")

_EASIER = words_of("better easier safer possible alive comfortable clean safe open clear calm still free")

_STOPS = frozenset({";", ":", ".", "!", "?", "—", "but", "because", "since", "so", "which", "although", "though"})


@dataclass(frozen=True, slots=True)
class Consequence:
    """-1 for harm, 1 for good, 0 for neither; the words that say so; whether they name a plain side effect."""

    value: int
    words: str
    mild: bool


NOTHING = Consequence(0, "", False)


def predicate(tokens: Sequence[Token], cues: Sequence[Cue], last: int, guess: bool = False) -> Consequence:
    """The evaluation behind the token `last` in its clause; `guess`: by its nouns alone if no table knows its verb."""
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
            return Consequence(flips * value, _words(tokens, step, min(high, step + 3)), mild)
        if tokens[step].word == "and" and step > last + 1:
            flips = 1
        if cue and cue.kind in ("neg", "avert", "interrupt"):
            flips = -flips
        elif cue and cue.kind in ("bad", "bad_verb"):
            return Consequence(-flips, _words(tokens, cue.start, cue.end), False)
        elif cue and cue.kind in ("good", "good_verb"):
            return _good(tokens, cue, flips, high)
        elif cue and cue.kind == "myth":
            return Consequence(-1, _words(tokens, cue.start, cue.end), False)
        step = cue.end if cue else step + 1
    return _unknown(tokens, last, high, flips, guess)


def _unknown(tokens: Sequence[Token], last: int, high: int, flips: int, guess: bool) -> Consequence:
    """No table knows the predicate: what it names may tell."""
    if flips > 0 and (found := _unnamed(tokens, last, high, guess)):
        return found
    if guess and (found := _by_nouns(tokens, last, high, flips)):
        return found
    denied = flips < 0 and last + 1 < len(tokens) and tokens[last + 1].word in ("does", "will", "can", "would")
    return _denied(tokens, last, high) if denied else NOTHING


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


def _by_nouns(tokens: Sequence[Token], last: int, high: int, flips: int) -> Consequence | None:
    """A verb that no table knows: what it names tells a harm from a benefit."""
    finite = any(
        t.form == "s" or t.word in ("can", "may", "could", "will", "might", "would")
        for t in tokens[last + 1 : last + 4]
    )
    for token in tokens[last + 1 : high] if finite else ():
        if token.word in MILD:
            return Consequence(0, token.word, True)
        if token.word in BAD_NOUNS:
            away = {t.word for t in tokens[last + 1 : high]} & {"down", "away", "bay", "off", "out"}
            return Consequence(flips if away else -flips, token.word, False)
        if token.word in GOOD_NOUNS:
            return Consequence(flips, token.word, False)
    return None


def _good(tokens: Sequence[Token], cue: Cue, flips: int, high: int) -> Consequence:
    """«Helps bacteria spread» helps nobody."""
    if tokens[cue.start].stem in ("help", "work", "aid", "assist"):
        after = [token.word for token in tokens[cue.end : min(high, cue.end + 3)]]
        if after and after[0] in ("bacteria", "germs", "venom", "poison", "infection", "nobody", "no"):
            flips = -flips
    return Consequence(flips, _words(tokens, cue.start, cue.end), False)


def _effect(tokens: Sequence[Token], step: int, high: int) -> tuple[int, bool] | None:  # noqa: PLR0911 (the first case that applies)
    """Direction of an effect verb times the value of what it affects; None if there is no such pair."""
    token = tokens[step]
    if token.stem in ("mak", "keep", "leav", "render"):
        for follows in tokens[step + 1 : min(high, step + 6)]:
            if follows.word in _WORSE:
                return -1, False
            if follows.word in _EASIER:
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
