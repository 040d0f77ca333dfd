"""Finds an action phrase («apply butter to the burn»): any inflection, passive, a pronoun for its object."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from medtune.detect.polarity.tokens import Token, stem, stems_of, tokenise
from medtune.detect.polarity.words import PERSON, PRONOUNS, STOP, VERBS, words_of

_AFTER, _BEFORE = 18, 14
_PARTICLES = words_of("out off up down away in over together apart aside")
_ALIKE = (
    "apply put place use rub smear spread dab pour",
    "give administer offer feed",
    "take swallow ingest use",
    "call phone ring dial contact alert summon",
    "remove pull take extract",
    "move shift transport reposition carry",
    "press push compress squeeze",
    "tilt tip bend",
    "cause induce trigger force make provoke",
    "start begin perform commence",
    "cover dress wrap bandage",
    "wash rinse clean flush irrigate",
    "raise elevate lift",
    "use apply take give try",
    "lay lie place position put",
)
_SYNONYMS: dict[str, frozenset[str]] = {}
for _group in _ALIKE:
    _stems = frozenset(stem(word) for word in _group.split())
    _SYNONYMS.update({one: _SYNONYMS.get(one, frozenset()) | _stems for one in _stems})
VERB_STEMS = frozenset(token.stem for token in tokenise(" ".join(sorted(VERBS))))


_OTHER_VERBS = {
    ("giv", "up"), ("put", "off"), ("hold", "off"), ("leav", "out"), ("leav", "off"), ("call", "off"), ("let", "up"),
    ("tak", "over"), ("hold", "back"), ("giv", "in"), ("break", "off"), ("cut", "down"),
}  # fmt: skip
_UNTOUCHED = stems_of("remove pull take move touch extract dislodge disturb peel burst pop open lift")

_DETERMINERS = words_of("the a an your his her their it them him this that any some my off out up down")
_OF = words_of("of on in for with at to into from and")
_NOUNISH = words_of(
    "cotton steam olive hot cold firm direct gentle milk butter honey alcohol aspirin ibuprofen paracetamol oil "
    "salt sugar coffee tea antibiotic antibiotics cream ointment vinegar toothpaste vaseline charcoal codeine chest "
    "back mouth rescue first second home bed early late frequent regular raw strong warm-water"
)
_NOUN_ENDINGS = ("tion", "sion", "ment", "ness", "ity", "cillin", "profen", "cetamol", "statin", "prazole")
_GENERIC = stems_of(
    "use apply try choose opt have get do prefer pick favour recommend need want be can may should must go"
)
_BREAKS = words_of("; ! while because although whenever")

_NO_OBJECT = words_of(
    "or and nor hard firmly immediately now at until if unless before while when because straight after for during "
    "with by from too to in again is can may will makes only"
)


@dataclass(frozen=True, slots=True)
class Action:
    """The phrase to look for: the stem of its verb, those of its other content words, and whether it is negated."""

    head: str
    others: tuple[str, ...]
    negated: bool
    noun: bool
    particles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """Where it stands: the verb's place (-1 if only its object was found), all places, and the share found (0 to 1)."""

    head: int
    places: tuple[int, ...]
    coverage: float
    undone: bool = False
    main: int = -1
    verb: str = ""

    @property
    def first(self) -> int:
        return self.places[0]

    @property
    def last(self) -> int:
        return self.places[-1]


@lru_cache(maxsize=4096)
def parse_action(action: str) -> Action | None:
    """None if there is no content word in it."""
    tokens = [token for token in tokenise(action) if token.word[0].isalnum()]
    negated = sum(token.word in ("not", "never") for token in tokens) % 2 == 1
    content = [token for token in tokens if token.word not in ("not", "never", "no", "to", "do", "the", "a", "an")]
    if [token.word for token in tokens[:2]] in (["do", "the"], ["do", "a"], ["do", "an"]):
        content.insert(0, tokens[0])  # «do the exercises»
    if not content:
        return None
    behind = tokens[tokens.index(content[0]) + 1 :]
    verbal = _is_verb(content[0], behind[0].word if behind else "", len(content) == 1)
    head = content[0].stem if verbal else ""
    particles = frozenset(token.word for token in content[1:] if token.word in _PARTICLES)
    others = [token.stem for token in content[verbal:] if token.word not in STOP and token.word not in _PARTICLES]
    if not others:  # «move the person», «lie down»: a person or particle is better than nothing
        others = ["person" for token in content[1:] if token.word in PERSON][:1]
    return Action(head, tuple(dict.fromkeys(others)), negated, not verbal, particles)


def alike(verb: str, other: str) -> bool:
    """Could a sentence with one verb (stems) speak of the other? Only such a sentence advises by its object alone."""
    return not verb or verb == other or other in _GENERIC or other in _SYNONYMS.get(verb, frozenset())


def _is_verb(first: Token, follows: str, alone: bool) -> bool:
    """«Press on it», «giving milk», «siphon the petrol»; not «ibuprofen», «compressions», «steam inhalation»."""
    if follows in _DETERMINERS or first.form in ("ing", "ed"):
        return True
    if first.word in _NOUNISH or "-" in first.word or first.form == "s" or first.word.endswith(_NOUN_ENDINGS):
        return False
    return first.stem in VERB_STEMS or not (alone or follows in _OF)


def find_action(tokens: Sequence[Token], action: Action, known: frozenset[str]) -> list[Match]:
    """Every place of the action in one sentence, best-covered kind first; `known`: stems of the text so far."""
    stems = [token.stem for token in tokens]
    if not action.head:
        return _object_only(tokens, stems, action) if action.others else []
    exact = [place for place, found in enumerate(stems) if found == action.head and not _phrasal(tokens, place, action)]
    exact += _undone(tokens, action.head)
    matches = [match for place in exact if (match := _around(tokens, stems, place, action, known, len(exact) > 1))]
    if matches:
        best = max(match.coverage for match in matches)
        return [match for match in matches if match.coverage >= best - 0.15]
    if not action.others:
        return []
    alike = _SYNONYMS.get(action.head, frozenset())
    near = [
        place
        for place, found in enumerate(stems)
        if found in alike and (not place or tokens[place - 1].word not in ("in", "the", "a", "of"))
    ]
    matches = [match for place in near if (match := _around(tokens, stems, place, action, frozenset(), False))]
    full = [
        Match(match.head, match.places, 0.9 * match.coverage)
        for match in matches
        if match.coverage >= 0.6 and (match.first == match.head or tokens[match.head].form == "ed")
    ]
    return full or _left_alone(tokens, stems, action) or _object_only(tokens, stems, action)


def _phrasal(tokens: Sequence[Token], place: int, action: Action) -> bool:
    """«Give up compressions» is another verb than «give compressions»."""
    follows = tokens[place + 1].word if place + 1 < len(tokens) else ""
    return (action.head, follows) in _OTHER_VERBS and follows not in action.particles


def _left_alone(tokens: Sequence[Token], stems: list[str], action: Action) -> list[Match]:
    """«Leave the glass where it is» says not to remove it."""
    if action.head not in _UNTOUCHED:
        return []
    words = [token.word for token in tokens]
    for place, found in enumerate(stems):
        if found not in ("leav", "keep", "stai"):
            continue
        behind = words[place + 1 : place + 12]
        there = (
            (found == "stai" and behind[:1] in (["on"], ["in"], ["put"]))
            or {"alone", "untouched", "intact"} & set(behind)
            or any(
                behind[step : step + 2]
                in (["in", "place"], ["where", "it"], ["where", "they"], ["as", "it"], ["as", "they"])
                for step in range(len(behind))
            )
        )
        near = [spot for other in action.others if (spot := _nearest(tokens, stems, place, other)) >= 0]
        if there and near:
            return [Match(place, tuple(sorted({place, *near})), 0.8, undone=True)]
    return []


def _undone(tokens: Sequence[Token], head: str) -> list[int]:
    """«Leave the wound uncovered»: not to cover it."""
    return [
        place
        for place, token in enumerate(tokens)
        if token.word.startswith("un")
        and len(token.word) > 6
        and stem(token.word[2:]) == head
        and any(before.stem == "leav" for before in tokens[max(0, place - 7) : place])
    ]


def _around(  # noqa: PLR0917 (all of them are of one sentence)
    tokens: Sequence[Token], stems: list[str], head: int, action: Action, known: frozenset[str], many: bool
) -> Match | None:
    """The verb at `head` with the nearest objects: behind it, else before it (passive)."""
    places, found = [head], 0.0
    for number, other in enumerate(action.others):
        place = _nearest(tokens, stems, head, other, first=number == 0 and tokens[head].form == "base")
        if place < 0 and number == 0:
            place = _pronoun(tokens, head, other in known or other == "person" or not many)
        if place >= 0:
            places.append(place)
            found += 1 if stems[place] == other or other == "person" else 0.8
    if action.others and len(places) == 1 and not _alone(tokens, head):
        return None
    coverage = (1 + found) / (1 + len(action.others))
    modal = head > 0 and tokens[head - 1].word in ("can", "may", "could", "might", "will")
    if modal and len(places) > 1 and places[1] == head - 2 and tokens[head].form == "base":
        return Match(-1, tuple(sorted(set(places[1:]))), coverage)  # «honey can give …»: the thing acts
    wanted = 0.5 if len(action.others) > 1 else 0.6
    if action.others and coverage < wanted and not (coverage >= 0.5 and _alone(tokens, head)):
        return None
    return Match(head, tuple(sorted(set(places))), coverage, stem(tokens[head].word[2:]) == action.head)


def _nearest(tokens: Sequence[Token], stems: list[str], head: int, other: str, first: bool = False) -> int:
    def fits(place: int) -> bool:
        return stems[place] == other or (other == "person" and tokens[place].word in PERSON)

    for place in range(head + 1, min(len(stems), head + _AFTER)):
        if tokens[place].word in (";", "!") or stems[place] == stems[head] or _other_clause(tokens, place):
            break
        if fits(place):
            return place
    for place in range(head - 1, max(-1, head - _BEFORE), -1):
        if (
            tokens[place].word in _BREAKS
            or stems[place] == stems[head]
            or (first and tokens[place].word == "," and tokens[place + 1].word != "that")
        ):
            break
        if fits(place):
            return place
    return -1


def _other_clause(tokens: Sequence[Token], place: int) -> bool:
    """«…, but leave the clothing»: what follows belongs to the other verb."""
    follows = tokens[place + 1] if place + 1 < len(tokens) else tokens[place]
    return tokens[place].word == "but" and follows.form == "base" and follows.stem in VERB_STEMS


def _pronoun(tokens: Sequence[Token], head: int, named: bool) -> int:
    """«remove it» for «remove the knife» where the knife was named before."""
    follows = head + 1
    if (
        named
        and follows < len(tokens)
        and tokens[follows].word in ("around", "on", "over", "at", "with", "off", "up", "out")
    ):
        follows += 1
    if named and follows < len(tokens) and tokens[follows].word in PRONOUNS:
        return follows
    return -1


def _alone(tokens: Sequence[Token], head: int) -> bool:
    """The verb stands without any object: «rub or scratch», «never squeeze»."""
    if tokens[head].form == "ing" and head + 1 < len(tokens) and tokens[head + 1].form == "s":
        return True
    return head + 1 >= len(tokens) or not tokens[head + 1].word[0].isalnum() or tokens[head + 1].word in _NO_OBJECT


def _kept_out(tokens: Sequence[Token], places: list[int]) -> bool:
    """«Keep cotton buds out of the ear»."""
    before = {token.stem for token in tokens[max(0, min(places) - 4) : min(places)]}
    behind = {token.word for token in tokens[min(places) + 1 : min(places) + 5]}
    return bool({"keep", "leav"} & before) and bool({"out", "away", "off", "clear"} & behind)


def _object_only(tokens: Sequence[Token], stems: list[str], action: Action) -> list[Match]:
    """«No butter on burns»: the words after the verb, the first of them in any case."""
    first = action.others[0]
    matches = []
    for place, found in enumerate(stems):
        if found != first and not (first == "person" and tokens[place].word in PERSON):
            continue
        places = [place]
        for other in action.others[1:]:
            if (near := _nearest(tokens, stems, place, other)) >= 0:
                places.append(near)
        share = len(places) / len(action.others)
        if share >= 0.5 and first != "person":
            kept_out = _kept_out(tokens, places)
            matches.append(
                Match(-1, tuple(sorted(set(places))), 0.6 * share, undone=kept_out, main=place, verb=action.head)
            )
    return matches
