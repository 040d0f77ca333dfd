"""Rows that hold what an audit or a benchmark asks, word for word over 13 words or nearly as a whole prompt.

13 words in a row is the overlap that GPT-3's authors looked for (Brown et al., 2020, appendix C). Whole prompts are
compared as sets of word pairs, since a changed word takes five of a short prompt's runs of five words away.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.near.minhash import Sketches, sketch
from medtune.prepare.near.pairs import jaccard
from medtune.prepare.near.shingles import U64, shingles

GRAM_WORDS = 13
PAIR_WORDS = 2
NEAR = 0.8
_LEAST_PROMPT_WORDS = 6
_BATCH = 256


@dataclass
class Guard:
    """Texts that no row may hold, by where they come from, and what was met so far."""

    names: tuple[str, ...]
    """One for each text: the suite or benchmark that it belongs to."""
    grams: NDArray[np.uint64]
    """Sorted hashes of all runs of GRAM_WORDS words."""
    gram_texts: NDArray[np.int64]
    """The text of each."""
    prompts: tuple[int, ...]
    """Texts that are compared as a whole."""
    sets: tuple[U64, ...]
    """Pairs of words of each, sorted."""
    sketches: Sketches
    met: set[int] = field(default_factory=set)
    rows: dict[str, set[str]] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """Both directions: of each source, how many texts rows hold, and how many rows hold one."""
        return {
            name: {
                "texts": self.names.count(name),
                "texts_met": sum(self.names[text] == name for text in self.met),
                "rows": len(self.rows.get(name, ())),
            }
            for name in sorted(set(self.names))
        }

    def hits(self, drafts: Sequence[Draft]) -> list[tuple[str, str]]:
        """For each draft the source that it touches and how; empty texts where it touches none."""
        found = [("", "")] * len(drafts)
        texts = ["\n".join(turn.content for turn in draft.messages if turn.role != "system") for draft in drafts]
        prompts = [(number, prompt) for number, draft in enumerate(drafts) for prompt in draft.prompts]
        for number, text in self._whole(prompts):
            found[number] = self._note(drafts[number], text, "nearly the same prompt")
        for number, text in self._grams(texts):
            found[number] = self._note(drafts[number], text, f"{GRAM_WORDS} words in a row")
        return found

    def _note(self, draft: Draft, text: int, how: str) -> tuple[str, str]:
        self.met.add(text)
        self.rows.setdefault(self.names[text], set()).add(draft.id)
        return self.names[text], how

    def _grams(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        if not len(self.grams):
            return
        runs = shingles(texts, GRAM_WORDS)
        place = np.minimum(np.searchsorted(self.grams, runs.hashes), len(self.grams) - 1)
        hits = np.flatnonzero(self.grams[place] == runs.hashes)
        owners = np.searchsorted(runs.starts, hits, side="right") - 1
        yield from zip(owners.tolist(), self.gram_texts[place[hits]].tolist(), strict=True)

    def _whole(self, prompts: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int]]:
        if not self.prompts or not prompts:
            return
        pieces = shingles([prompt for _, prompt in prompts], PAIR_WORDS)
        keys = sketch([prompt for _, prompt in prompts], PAIR_WORDS).keys
        seen = set()
        for band in range(keys.shape[1]):
            order = np.argsort(self.sketches.keys[:, band], kind="stable")
            guarded = self.sketches.keys[order, band]
            low, high = (np.searchsorted(guarded, keys[:, band], side=side) for side in ("left", "right"))
            for mine in np.flatnonzero(high > low).tolist():
                for other in order[low[mine] : high[mine]].tolist():
                    if (mine, other) not in seen:
                        seen.add((mine, other))
                        if jaccard(pieces.set_of(mine), self.sets[other]) >= NEAR:
                            yield prompts[mine][0], self.prompts[other]


def make_guard(texts: Mapping[str, Iterable[str]]) -> Guard:
    """A guard over texts by source; each text once."""
    owned = [(name, text) for name, own in sorted(texts.items()) for text in dict.fromkeys(own)]
    all_texts = [text for _, text in owned]
    runs = shingles(all_texts, GRAM_WORDS) if owned else None
    hashes, owners = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    if runs is not None:
        long = np.array([len(text.split()) >= GRAM_WORDS for text in all_texts])
        owner = np.repeat(np.arange(len(owned)), np.diff(runs.starts))
        hashes, first = np.unique(runs.hashes[long[owner]], return_index=True)
        owners = owner[long[owner]][first]
    whole = tuple(number for number, text in enumerate(all_texts) if len(text.split()) >= _LEAST_PROMPT_WORDS)
    pairs = shingles([all_texts[number] for number in whole], PAIR_WORDS) if whole else None
    return Guard(
        names=tuple(name for name, _ in owned),
        grams=hashes,
        gram_texts=owners,
        prompts=whole,
        sets=tuple(pairs.set_of(place) for place in range(len(whole))) if pairs else (),
        sketches=sketch([all_texts[number] for number in whole], PAIR_WORDS),
    )


def drop_guarded(drafts: Iterable[Draft], guard: Guard, rejections: Rejections) -> Iterator[Draft]:
    """Leave out every draft that touches a guarded text; looks at batches of drafts."""
    waiting = iter(drafts)
    while batch := list(islice(waiting, _BATCH)):
        for draft, (name, how) in zip(batch, guard.hits(batch), strict=True):
            if name:
                rejections.add(draft.id, "decontaminate", f"{how} as {name}")
            else:
                yield draft
