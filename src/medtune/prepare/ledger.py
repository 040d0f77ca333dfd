"""All drafts of a run: their texts on disk, and in memory what decides about them (some 120 bytes each)."""

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medtune.prepare.draft import Draft
from medtune.prepare.engines import Engine, batched
from medtune.prepare.near.pairs import NearIndex, NearPairs
from medtune.prepare.shelf import Shelf, pack_draft, unpack_draft
from medtune.prepare.work import SketchWork


class Ledger:
    """Drafts by number, in the order in which they came."""

    def __init__(self, folder: Path) -> None:
        self.ids: list[str] = []
        self.gold = bytearray()
        self._digests = array("Q")
        self._drafts = Shelf(folder)
        self._keys = Shelf(folder)

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, draft: Draft) -> int:
        """Take one draft; returns its number."""
        self.ids.append(draft.id)
        self.gold.append(draft.converter == "gold")
        self._digests.append(int(draft.answer_digest[:16], 16))
        self._keys.put(draft.keys)
        return self._drafts.put(pack_draft(draft))

    def __getitem__(self, number: int) -> Draft:
        return unpack_draft(self._drafts.get(number))

    def learned(self, number: int) -> str:
        """Every assistant turn of a draft."""
        return "\n".join(content for role, content in self._drafts.get(number)[1] if role == "assistant")

    @property
    def keys(self) -> "Keys":
        """The keys of every draft, in order; can be gone through again."""
        return Keys(self._keys)

    @property
    def digests(self) -> NDArray[np.uint64]:
        """Shape (drafts,): equal where what is learned folds alike."""
        return np.array(self._digests, dtype=np.uint64)

    def ranks(self) -> NDArray[np.int64]:
        """Shape (drafts,): the place of each when they are sorted by id."""
        ranks = np.empty(len(self.ids), dtype=np.int64)
        ranks[sorted(range(len(self.ids)), key=self.ids.__getitem__)] = np.arange(len(self.ids))
        return ranks

    def near_pairs(self, threshold: float, engine: Engine) -> NearPairs:
        """Pairs of drafts that say nearly the same."""
        index = NearIndex()
        texts = (self.learned(number) for number in range(len(self)))
        for found in engine.map(SketchWork(index.shingle_words), batched(texts)):
            index.put(found)
        return index.pairs(self.learned, threshold)

    def close(self) -> None:
        """Give the disk back."""
        self._drafts.close()
        self._keys.close()


class Keys:
    """An iterable that starts afresh each time."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __iter__(self) -> Iterator[Sequence[str]]:
        return iter(self._shelf)
