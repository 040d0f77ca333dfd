"""The place in a sentence at which an action is judged."""

from collections.abc import Sequence
from itertools import pairwise

from medtune.detect.polarity.locate import Match
from medtune.detect.polarity.phrases import Cue
from medtune.detect.polarity.scope import is_verb_start
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.words import FILLERS, VERBS, words_of

_NOUN_ENDINGS = ("sure", "tion", "sion", "ment", "oval", "ance")

_BLOCKERS = words_of("keep prevent stop discourag deter hold restrain bar ban prohibit protect forbid talk")


def anchor_of(tokens: Sequence[Token], cues: Sequence[Cue], match: Match) -> int:
    """The place to judge: the verb, but the object where a cue parts the two («give water, never aspirin»)."""
    if match.head < 0:
        return max(match.main, match.first)
    behind = [place for place in match.places if place > match.head]
    if not behind:
        return _anchor_before(tokens, cues, match)
    parts = [
        cue
        for cue in cues
        if match.head < cue.start < behind[-1]
        and cue.kind in ("neg", "avert", "just")
        and (cue.end in match.places or not _starts_verb(tokens, cue.end))  # «elevate rather than lower the leg»
    ]
    if parts:
        return next(place for place in behind if place > parts[-1].start)
    for place in behind:
        if any(_restarts(tokens, step) for step in range(match.head + 1, place)):
            return place
    words = [token.word for token in tokens[match.head + 1 : behind[0]]]
    return behind[0] if ("over" in words and chooses(tokens, match.head)) else match.head


def _restarts(tokens: Sequence[Token], step: int) -> bool:
    """«But», «than» behind a comparison, «only» and «just» behind a comma: «no milk, only water»."""
    word = tokens[step].word
    if word == "than":
        return any(token.word in ("better", "wiser", "safer", "smarter") for token in tokens[:step])
    return word == "but" or (word in ("only", "just") and tokens[step - 1].word == ",")


def _starts_verb(tokens: Sequence[Token], place: int) -> bool:
    return is_verb_start(tokens, place) or tokens[place].form == "ing"


def _anchor_before(tokens: Sequence[Token], cues: Sequence[Cue], match: Match) -> int:
    """All objects stand before the verb: passive, or put there by «instead of»."""
    if match.first == match.head or is_passive(tokens, match):
        return match.first
    words = [token.word for token in tokens[match.first : match.head]]
    if tokens[match.first - 1].word in ("not", "never") and {",", "that", "—"} & set(words):
        return match.first  # «it is paracetamol, not ibuprofen, that you should take»
    averted = any(
        cue.kind in ("avert", "interrupt")
        and cue.end <= match.first
        and all(t.word in FILLERS for t in tokens[cue.end : match.first])
        for cue in cues
    )
    return match.first if averted and {",", "and", "but"} & set(words) else match.head


def is_passive(tokens: Sequence[Token], match: Match) -> bool:
    before = [token.word for token in tokens[max(0, match.head - 5) : match.head]]
    return tokens[match.head].form == "ed" and bool({"be", "is", "are", "was", "were", "been", "being"} & set(before))


def is_noun(tokens: Sequence[Token], head: int) -> bool:
    """«Exposure to …», «treatment», «use of …»."""
    word = tokens[head].word
    follows = tokens[head + 1].word if head + 1 < len(tokens) else ""
    return follows == "of" or (len(word) > 6 and word.endswith(_NOUN_ENDINGS) and word not in VERBS)


def chooses(tokens: Sequence[Token], place: int) -> bool:
    if any(pair[0].word in ("go", "opt", "plump") and pair[1].word == "for" for pair in pairwise(tokens[: place + 1])):
        return True
    return any(token.stem in ("choos", "prefer", "pick", "opt", "favour", "favor") for token in tokens[: place + 1])


def blocked_from(tokens: Sequence[Token], anchor: int) -> int:
    """«Keep the child from swallowing»: the place of keep, stop, prevent and the like, or -1."""
    if anchor < 2 or tokens[anchor].form != "ing" or tokens[anchor - 1].word != "from":
        return -1
    for step in range(anchor - 2, max(-1, anchor - 9), -1):
        if not tokens[step].word[0].isalnum():
            return -1
        if tokens[step].stem in _BLOCKERS:
            return step
    return -1
