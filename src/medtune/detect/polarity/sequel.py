"""What the words after an action say about it: «… but that is wrong», «This is a myth.», «No, …»."""

from collections.abc import Sequence

from medtune.detect.polarity.effects import predicate
from medtune.detect.polarity.layout import Sentence
from medtune.detect.polarity.phrases import Cue, all_cues, choose
from medtune.detect.polarity.tokens import Token
from medtune.detect.polarity.words import words_of

_TURNS = frozenset({"but", "however", "yet", "though", "although", "which", "when", "and", ";", "—", ","})
_ANAPHORS = words_of("this that it these those they such both doing")
_STARTS = words_of(
    "in actually however but wrong false no not never do experts doctors science evidence research ignore "
    "instead avoid today now medics guidelines current modern sadly unfortunately please nonsense untrue none "
    "studies paramedics there burn specialists yet rubbish incorrect myth forget resist"
)
_RESTARTS = words_of("there you we today modern in nowadays experts doctors current")
_NO = words_of("no never not nope wrong false absolutely definitely certainly bad do avoid nonsense please")
_YES = words_of("yes absolutely definitely certainly always of sure correct right")
_REFERS = words_of("believe follow try listen do copy imitate trust fall repeat")


def _value(tokens: Sequence[Token]) -> int:
    """-1 if the words reject, 1 if they confirm, else 0."""
    words = [token.word for token in tokens]
    cues = choose(all_cues(tokens), frozenset())
    if any(cue.kind == "myth" for cue in cues):
        return -1
    kept = [cue for cue in cues if cue.kind not in ("past", "report")]
    value = predicate([Token(" ", "", "", 0, 0), *tokens], [_shift(cue) for cue in kept], 0, skip=False).value
    if value:
        return value
    if any(cue.kind in ("neg", "avert") for cue in kept) or "instead" in words or "stop" in words[:2]:
        return -1
    return 1 if "right" in words or "true" in words or "correct" in words else 0


def _shift(cue: Cue) -> Cue:
    return Cue(cue.kind, cue.start + 1, cue.end + 1)


def _rejects(tokens: Sequence[Token]) -> bool:
    """A clause that turns down what stands before it: «there is no need to», «we now know better», «it doesn't»."""
    words = [token.word for token in tokens[:12]]
    if words[0] in ("ignore", "disregard", "forget", "resist") and _ANAPHORS & set(words):
        return True
    dangling = words and words[-1] in (".", "!") and words[-2:-1] in (["not"], ["to"], ["so"])
    return (bool(dangling) or words[0] in _ANAPHORS | _RESTARTS) and _value(tokens) < 0


def rest_of_sentence(tokens: Sequence[Token], last: int) -> int:
    """What follows «but», «which» or the like in the same sentence."""
    for step in range(last + 1, len(tokens)):
        word = tokens[step].word
        if word not in _TURNS:
            continue
        follows = tokens[step + 1].word if step + 1 < len(tokens) else ""
        if word == "," and follows in ("a", "an") and _value(tokens[step + 1 :]) < 0:
            return -1
        if (
            follows in ("in", "actually")
            and step + 2 < len(tokens)
            and tokens[step + 2].word in ("fact", "reality", "truth")
        ):
            return 1 if {t.word for t in tokens[step + 3 :]} & {"right", "true", "correct"} else -1
        if word in (";", "—") and follows and _rejects(tokens[step + 1 :]):
            return -1
        if word in ("and", ",", ";", "—") and follows not in _ANAPHORS | {
            "wrongly",
            "today",
            "now",
            "nowadays",
            "modern",
            "which",
            "but",
            "do",
            "never",
        }:
            continue
        if value := _value(tokens[step + 1 :]):
            return value
    return 0


def next_sentence(following: Sequence[Sentence]) -> int:  # noqa: PLR0911 (the first case that applies)
    """What the next sentence says, if it speaks of what was just said."""
    for sentence in following[:1]:
        words = [token.word for token in sentence.tokens]
        if sentence.question:
            return 0
        first = next((word for word in words if word[0].isalnum()), "")
        if words[:2] in (["in", "fact"], ["in", "reality"], ["in", "truth"]) or first in ("actually", "instead"):
            return _value(sentence.tokens) or -1
        refers = first in _ANAPHORS or any(word in _ANAPHORS for word in words[1:])
        if refers and first in ("ignore", "disregard", "resist", "forget"):
            return -1
        if words[:2] == ["do", "not"] and len(words) <= 3:
            return -1
        if first in ("do", "never", "please") and not (set(words[:5]) & _REFERS and refers):
            return 0
        if first in _ANAPHORS or (first in _STARTS and (refers or len(words) <= 6)) or "instead" in words:
            return _value(sentence.tokens)
    return 0


def answer(following: Sequence[Sentence]) -> int:
    """What the sentence behind a question answers: -1 no, 1 yes, 0 nothing."""
    if not following:
        return 0
    words = [token.word for token in following[0].tokens if token.word[0].isalnum()]
    if words[:1] == ["also"]:
        words = words[1:]
    if not words:
        return 0
    if words[0] in _NO and (words[0] not in ("absolutely", "definitely", "certainly") or words[1:2] == ["not"]):
        return -1 if words[0] != "do" or words[1:2] == ["not"] else 0
    if words[0] in _YES:
        return 1
    return next_sentence(following)
