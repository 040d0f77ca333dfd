"""Finds the cue phrases in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtune.detect.polarity.cues import CUES
from medtune.detect.polarity.tokens import Token, tokenise
from medtune.detect.polarity.words import ADVERBS

Trie = dict[str, "Trie"]
_RANK = {kind: rank for rank, kind in enumerate(CUES)}
_END = "\n"


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue of one kind over the tokens `start:end` of its sentence."""

    kind: str
    start: int
    end: int


def _build() -> Trie:
    root: Trie = {}
    for kind, table in CUES.items():
        for phrase in table.replace("\n", "|").split("|"):
            parts = [token.stem for token in tokenise(phrase)]
            if not parts:
                continue
            _enter(root, parts, kind)
            if parts[0] == "be" and len(parts) > 1:
                _enter(root, ["feel", *parts[1:]], kind)
    return root


def _enter(node: Trie, parts: Sequence[str], kind: str) -> None:
    for part in parts:
        node = node.setdefault(part, {})
    node[_END] = {kind: {}}  # a later kind replaces an earlier one


_TRIE = _build()


def is_adverb(word: str) -> bool:
    """May stand inside a cue or before an imperative."""
    return word in ADVERBS or (word.endswith("ly") and len(word) > 4 and word not in ("apply", "supply", "family"))


def all_cues(tokens: Sequence[Token]) -> list[Cue]:
    """Every cue of every length, overlapping ones too, the strongest first."""
    found: list[Cue] = []
    for start, token in enumerate(tokens):
        if token.stem in _TRIE:
            _collect(tokens, start, start, _TRIE, found)
    found.sort(key=lambda cue: (-_strength(cue), cue.start - cue.end, cue.start))
    return found


def _collect(tokens: Sequence[Token], start: int, place: int, node: Trie, found: list[Cue]) -> None:
    while place < len(tokens):
        token = tokens[place]
        if token.stem in node:
            node = node[token.stem]
            place += 1
            if _END in node:
                found.extend(Cue(kind, start, place) for kind in node[_END])
        elif place > start and (is_adverb(token.word) or (token.word == "," and _dangles(tokens, place))):
            place += 1
        else:
            return


def _dangles(tokens: Sequence[Token], place: int) -> bool:
    return place + 1 < len(tokens) and tokens[place + 1].word in ("ever", "never")


def _strength(cue: Cue) -> int:
    """Kinds from `past` on, and several words over one."""
    return _RANK[cue.kind] if _RANK[cue.kind] >= _RANK["past"] else 0


def choose(cues: Sequence[Cue], taken: frozenset[int]) -> list[Cue]:
    """Cues in order of place, none overlapping another or a `taken` token."""
    used = set(taken)
    kept: list[Cue] = []
    for cue in cues:
        span = range(cue.start, cue.end)
        if used.isdisjoint(span):
            used.update(span)
            kept.append(cue)
    kept.sort(key=lambda cue: cue.start)
    return kept
