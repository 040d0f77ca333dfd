"""Which cues of a sentence reach a place in it."""

from collections.abc import Sequence

from medtune.detect.polarity.phrases import Cue, is_adverb
from medtune.detect.polarity.tokens import Token, stems_of
from medtune.detect.polarity.words import FILLERS, POSITIVE_STARTS, SUBORDINATORS, VERBS, words_of

_HARD = frozenset({";", "!", "?"})
_INTERRUPTS = stems_of("stop delay interrupt postpone skip miss pause cease omit neglect")
_RESETS = frozenset({"but", "however", "instead", "then", "so", "therefore"})
_OWNING = words_of("with has had having shows feels")
_SUBJECTS = words_of("you he she it this they we i that there which")
_ADVISING = words_of(
    "recommend advis urg encourag suggest advocat prefer favour stress emphasi discourag forbid prohibit ban"
)
_LINKS = words_of("to of in that is be when if from against about by on for as are")


def is_verb_start(tokens: Sequence[Token], place: int) -> bool:
    """A base-form verb at `place`, adverbs skipped: where an imperative may start."""
    while place < len(tokens) and is_adverb(tokens[place].word):
        place += 1
    return place < len(tokens) and tokens[place].word in VERBS and tokens[place].form != "ing"


def reaches(tokens: Sequence[Token], cue: Cue, place: int, anchors: frozenset[int]) -> bool:
    """Does a cue left of `place` govern it? `anchors`: the places of the action."""
    if cue.kind == "interrupt":
        return _governs(tokens, cue, place, anchors)
    if cue.kind in ("good", "bad"):
        return _evaluates(tokens, cue, place)
    if cue.kind in ("good_verb", "bad_verb"):  # «it makes no sense to …», «it is worth …ing»
        dummy = next((token.word for token in reversed(tokens[: cue.start]) if not is_adverb(token.word)), "")
        return dummy in ("it", "there") and _evaluates(tokens, cue, place)
    return _scopes(tokens, cue, place)


def _governs(tokens: Sequence[Token], cue: Cue, place: int, anchors: frozenset[int]) -> bool:  # noqa: PLR0911 (the first case that applies)
    """Stop, delay and the like reach their object only; wait reaches over «for … before» and «to»."""
    between = tokens[cue.end : place]
    words = [token.word for step, token in enumerate(between, cue.end) if step not in anchors]
    if words[-1:] in (["or"], ["and"]) and tokens[place].stem in _INTERRUPTS:
        return False
    if any(word in _HARD or word in (",", ":", "—", "but") for word in words):
        return False
    if all(word in FILLERS or is_adverb(word) for word in words):
        # «Do not delay and call»: a new imperative, unless another verb of delay was chained.
        return not (words and words[-1] == "and" and tokens[place].form == "base" and tokens[cue.end - 1].form == "base"
                    and cue.end - cue.start == 1 and tokens[place].word in POSITIVE_STARTS)  # fmt: skip
    if "before" in words and len(words) <= 14:
        return all(word in FILLERS or is_adverb(word) for word in words[words.index("before") + 1 :])
    if tokens[cue.start].stem in ("wait", "delai", "hesitat", "stall") and words[-1:] == ["to"] and len(words) <= 12:
        return True
    # «Stop the person from drinking», «neither stop nor slow compressions»
    if words[-1:] == ["from"] and len(words) <= 6:
        return True
    # «do not stop or slow down the cooling»
    return (
        len(words) <= 5
        and words[:1] in (["or"], ["nor"])
        and all(word in FILLERS or word == "down" for word in words[2:])
    )


def _evaluates(tokens: Sequence[Token], cue: Cue, place: int) -> bool:
    """«Dangerous to …», «the danger of …»: linked, close and in one stretch."""
    words = [token.word for token in tokens[cue.end : place]]
    if len(words) > 8 or any(not word[0].isalnum() and word not in (":", "—") for word in words):
        return False
    if any(word in ("but", "because", "while", "unless", "before", "and") for word in words):
        return False
    marks = {":", "—"} & set(words)
    if marks and (words[-1] not in marks or tokens[place].form != "ing"):
        return False
    last = tokens[cue.end - 1].word
    linked = last in _LINKS or any(word in _LINKS or word in (":", "—") for word in words)
    direct = len(words) <= 2 and tokens[place].form == "ing"
    verbal = tokens[cue.start].stem in _ADVISING
    return linked or direct or verbal


def _scopes(tokens: Sequence[Token], cue: Cue, place: int) -> bool:  # noqa: PLR0911, PLR0912 (the first case that applies)
    """Negation and the like run on to the end of their clause, over lists, not over a fresh start."""
    if tokens[cue.start].word == "no" and cue.start and tokens[cue.start - 1].word in _OWNING:
        return False  # «someone with no training can …», «if he has no pulse»
    inside = _in_subordinate(tokens, cue.start)
    broad = cue.kind in ("myth", "report", "past")
    step = cue.end
    while step < place:
        word = tokens[step].word
        if word in _HARD:
            return False
        if word in (":", "—"):
            if step != cue.end:
                return False
        elif word == ",":
            skipped = _parenthesis(tokens, cue, step)
            if skipped:
                step = skipped
                continue
            if inside or (not broad and not _list_comma(tokens, cue, step, place)):
                return False
        elif word in _RESETS and not (word == "so" and step + 1 < place and tokens[step + 1].word == "as"):
            return False
        elif word in ("and", "or") and not broad:
            if not _joins(tokens, cue, step, place):
                return False
        elif word in SUBORDINATORS and step > cue.end - 1 and not broad:
            if not _runs_on(tokens, step, place):
                return False
        elif word in ("favour", "favor") and tokens[step - 1].word == "in":
            return False
        elif word in ("for", "with") and tokens[cue.start].stem in ("swap", "replac", "exchang", "trad"):
            return False  # «swap ice for water»: what comes in its place
        elif word == "by" and cue.kind == "avert" and tokens[cue.start].stem == "avoid":
            return False  # «avoid infection by washing your hands»
        elif (word == "which" and not broad) or (inside and not broad and _fresh_imperative(tokens, step, place)):
            return False
        step += 1
    return not (inside and not broad and _fresh_imperative(tokens, place, place))


def _in_subordinate(tokens: Sequence[Token], place: int) -> bool:
    """Is `place` inside an if-, when-, because-clause?"""
    for step in range(place - 1, -1, -1):
        word = tokens[step].word
        if word in (",", ";", ":", "—", ".", "but", "then"):
            return False
        if word in SUBORDINATORS and word not in ("so", "as", "before", "after", "where", "lest"):
            return True
    return False


def _fresh_imperative(tokens: Sequence[Token], step: int, place: int) -> bool:
    """«If he is not breathing start CPR»: the main clause starts without a comma."""
    token = tokens[step]
    if token.word not in VERBS or token.form != "base" or step != place or not step:
        return False
    before = tokens[step - 1]
    return before.form in ("ing", "ed") or before.word in (
        "conscious", "unconscious", "awake", "available", "possible", "alert", "responsive", "well", "better", "sure",
        "normal", "normally", "working", "pulse", "response", "help", "clean", "visible", "clear", "safe", "stable",
    )  # fmt: skip


def _parenthesis(tokens: Sequence[Token], cue: Cue, comma: int) -> int:
    """«Do not, if he is awake, give …»: the place behind the inserted words, or 0."""
    if any(not is_adverb(token.word) for token in tokens[cue.end : comma]):
        return 0
    for step in range(comma + 1, min(len(tokens), comma + 16)):
        if tokens[step].word == ",":
            return step + 1
        if not tokens[step].word[0].isalnum():
            return 0
    return 0


def _list_comma(tokens: Sequence[Token], cue: Cue, comma: int, place: int) -> bool:  # noqa: PLR0911 (the first case that applies)
    """A comma that goes on with the list under the cue, not one before a fresh start."""
    follows = comma + 1
    if follows >= len(tokens):
        return False
    word = tokens[follows].word
    if word in ("or", "nor"):
        return True
    if word in (
        "and",
        "you",
        "it",
        "this",
        "they",
        "please",
        "but",
        "instead",
        "just",
        "rather",
        "then",
        "not",
        "only",
        "simply",
    ):
        return word == "and" and _joins(tokens, cue, follows, place)
    verb = is_verb_start(tokens, follows)
    ahead = [token.word for token in tokens[follows : place + 12]]
    stop = next((step for step, word in enumerate(ahead) if word in (";", ":", "—", "but")), len(ahead))
    listed = any(word in ("or", "nor") for word in ahead[:stop])
    if verb:
        gerund_list = any(token.form == "ing" for token in tokens[cue.end : cue.end + 3])
        return listed and not gerund_list and cue.kind in ("neg", "avert")
    if cue.start == 0 and tokens[0].word in ("far", "instead", "rather", "without", "apart"):
        return listed  # fronted: «far from helping, …»
    if tokens[follows].form == "ing":
        return listed or any(token.form == "ing" for token in tokens[cue.end : comma])
    if cue.kind == "avert" and tokens[cue.start].word in ("instead", "rather", "without", "in", "as"):
        return listed
    return listed or "and" in ahead[:stop] or cue.kind == "avert"


def _joins(tokens: Sequence[Token], cue: Cue, step: int, place: int) -> bool:  # noqa: PLR0911 (the first case that applies)
    """Do the words behind `and` or `or` still stand under the cue?"""
    follows = step + 1
    if follows >= len(tokens):
        return False
    word = tokens[follows].word
    if tokens[step].word == "or":
        return word != "else" and word not in _SUBJECTS
    if "instead" in [token.word for token in tokens[place : place + 9]] and is_verb_start(tokens, follows):
        return False
    if word in _SUBJECTS or word in ("instead", "then", "always", "please", "immediately"):
        return False
    if not is_verb_start(tokens, follows):
        return True
    if cue.kind == "avert" or tokens[cue.end].form == "ing" if cue.end < len(tokens) else False:
        return False
    after_comma = tokens[step - 1].word == ","
    commas = sum(token.word == "," for token in tokens[cue.end : step])
    return not (word in POSITIVE_STARTS or (after_comma and commas == 1))


def _runs_on(tokens: Sequence[Token], step: int, place: int) -> bool:
    """Subordinators that are prepositions here («as an ointment», «so as to», «once a day»)."""
    word = tokens[step].word
    follows = tokens[step + 1].word if step + 1 < len(tokens) else ""
    if word == "as":
        return step + 2 <= place
    if word in ("once", "where"):
        return True
    return word == "so" and follows == "as"
