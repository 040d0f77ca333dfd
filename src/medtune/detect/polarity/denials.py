"""Denied faults: «nobody will blame you for calling», «it is not a waste of time to ring» speak for the action."""

from collections.abc import Container, Sequence

from medtune.detect.polarity.phrases import Cue, is_adverb
from medtune.detect.polarity.tokens import Token, stems_of
from medtune.detect.polarity.words import words_of

_FAULTS = stems_of(
    "blame angry mind laugh regret doubt waste wrong mistake harm hurt shame problem lose loss fear embarrassing "
    "embarrassed die silly rude overreact burden nuisance bother complain judge trouble danger risk downside "
    "drawback disadvantage foolish stupid ashamed guilty scold criticise criticize cross annoyed upset disapprove "
    "reproach penalty punish fault break injure damage kill offend offended impolite inconvenience crime sin "
    "weakness exaggeration fuss pointless useless superfluous objection obstacle question disgrace dispute"
)
"""Stems of what could be held against an action."""

_HURTS = stems_of("break hurt harm injure damage kill")
_BETWEEN = words_of(
    "do be feel a an the any anybody anything anyone one is will would can could ever have has been slightest least "
    "single real such you much to there sign of"
)


def praise_denied_faults(tokens: Sequence[Token], cues: Sequence[Cue], taken: Container[int]) -> list[Cue]:
    """The cues, with each negated fault as one cue of praise; words at `taken` places belong to the action.

    «Do not risk …» is a prohibition and stays one.
    """
    found: list[Cue] = []
    for cue in cues:
        fault = _fault(tokens, cue) if cue.kind == "neg" else -1
        if found and cue.start < found[-1].end:
            continue
        praised = fault >= 0 and fault not in taken
        found.append(Cue("good", cue.start, fault + 1) if praised else cue)
    return found


def _fault(tokens: Sequence[Token], cue: Cue) -> int:
    """The place of the fault that the negation denies, or -1."""
    for step in range(cue.end, min(len(tokens), cue.end + 7)):
        token = tokens[step]
        if token.stem in _FAULTS:
            if token.stem in _HURTS and _asserts(tokens, cue):
                return step  # «you will not hurt him by pressing hard»
            direct = all(is_adverb(other.word) for other in tokens[cue.end : step])
            return -1 if direct and token.form == "base" and _orders(tokens, cue) else step
        if token.word not in _BETWEEN and not is_adverb(token.word):
            return -1
    return -1


def _asserts(tokens: Sequence[Token], cue: Cue) -> bool:
    return bool({"will", "would"} & {token.word for token in tokens[cue.start : cue.end]})


def _orders(tokens: Sequence[Token], cue: Cue) -> bool:
    """«Do not …», «never …», «must not …» right before a verb, not «is not …»."""
    before = tokens[cue.end - 2].word if cue.end - cue.start > 1 else ""
    return before in ("do", "must", "should", "may", "can", "to", "will", "would") or tokens[cue.start].word == "never"
