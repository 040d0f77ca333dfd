"""What the model of advice looks at: the words around an action in its sentence, and what the rules said.

Features of the rules start with `r:`, as in medtune.detect.reply_features.
"""

from collections.abc import Sequence
from itertools import pairwise

from medtune.detect.linear import grouped
from medtune.detect.polarity.layout import Sentence
from medtune.detect.polarity.locate import Match
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.valence import BAD_NOUNS, DOWN, GOOD_NOUNS, UP

_ACTION = "ACTION"
_NEAR = 4


def advice_features(sentence: Sentence, match: Match, polarity: str, rule: str) -> dict[str, float]:
    """Features of an action in its sentence, by name; `polarity` and `rule` are what the rules alone said."""
    words, classes, stems = _masked(sentence.tokens, match)
    lead = [token.word for token in sentence.lead]
    here = words.index(_ACTION) if _ACTION in words else len(words)
    single, classed = set(words), set()
    pairs, triples = (
        set(map(" ".join, pairwise(words))),
        set(map(" ".join, zip(words, words[1:], words[2:], strict=False))),
    )
    for size in (1, 2, 3):
        for at in range(len(words) - size + 1):
            if classes[at : at + size] != words[at : at + size]:
                classed.add(" ".join(classes[at : at + size]))
    near: set[str] = set()
    sided: set[str] = set()
    for at, word in enumerate(words):
        if at != here:
            side = "<" if at < here else ">"
            near.add(f"{side}{1 if abs(at - here) <= _NEAR else 2}{word}")
            sided.add(side + word)
            if classes[at] != word:
                classed.add(side + classes[at])
    beside = {("<" if at < here else ">") + " ".join(pair) for at, pair in enumerate(pairwise(words))}
    features = grouped({
        "w": (2.0, single), "b": (2.0, pairs), "t": (2.0, triples), "k": (2.0, classed), "p": (2.0, near),
        "d": (2.0, sided), "q": (2.0, beside), "s": (1.0, set(stems)),
        "h": (2.0, {*lead, *map(" ".join, pairwise(["<", *lead, ">"]))} if lead else set()),
    })  # fmt: skip
    form = sentence.tokens[match.head].form if match.head >= 0 else "noun"
    features.update(
        {f"f:{form}": 0.25, f"l:scope {sentence.scope}": 1.0, f"l:item {sentence.item}": 0.5, "l:bias": 1.0}
    )
    features.update({f"r:{polarity}": 2.0, f"r:rule {rule.partition(':')[0]}": 1.0})
    return features


def _masked(tokens: Sequence[Token], match: Match) -> tuple[list[str], list[str], list[str]]:
    """Words, words with valued ones replaced by their class, and stems; the action's words are one mask."""
    places = {*match.places, match.head}
    words, classes, stems = ["<"], ["<"], []
    for place, token in enumerate(tokens):
        if place not in places:
            words.append(token.word)
            classes.append(_class_of(token) or token.word)
            stems.append(token.stem)
        elif words[-1] != _ACTION:
            words.append(_ACTION)
            classes.append(_ACTION)
    return [*words, ">"], [*classes, ">"], stems


def _class_of(token: Token) -> str:
    if token.word in BAD_NOUNS:
        return "BAD"
    if token.word in GOOD_NOUNS:
        return "GOOD"
    if token.stem in UP:
        return "UP"
    return "DOWN" if token.stem in DOWN else ""
