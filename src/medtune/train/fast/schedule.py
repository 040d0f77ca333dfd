"""Which rows belong to an optimiser step, and how they are cut into passes. Pure, so that a resumed run agrees."""

import math
from collections.abc import Sequence
from functools import lru_cache

from medtune.train.batches import batch_order


class Schedule:
    """The rows of each optimiser step, as `engines.protocol` defines them."""

    def __init__(self, lengths: Sequence[int], *, batch_size: int, step_rows: int, seed: int) -> None:
        self._lengths, self._batch_size, self._step_rows, self._seed = tuple(lengths), batch_size, step_rows, seed
        self.steps_per_epoch = math.ceil(len(lengths) / step_rows)
        self._order = lru_cache(maxsize=2)(self._order_of)

    def rows(self, step: int) -> list[int]:
        """Row indices of an optimiser step, counted from 0."""
        epoch, place = divmod(step, self.steps_per_epoch)
        return self._order(epoch)[place * self._step_rows : (place + 1) * self._step_rows]

    def epoch(self, step: int) -> float:
        """Passes over the rows after `step` optimiser steps."""
        return step / self.steps_per_epoch

    def _order_of(self, epoch: int) -> list[int]:
        return batch_order(self._lengths, self._batch_size, self._seed, epoch)


def cut(rows: Sequence[int], lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Cut rows into as few passes of at most `capacity` tokens as this finds, and of like size.

    The longest row goes first, always into the emptiest pass (LPT scheduling, Graham 1969): passes of like size waste
    the least when each is rounded up to a whole block. Raises ValueError when a row is longer than the capacity.
    """
    if any(lengths[row] > capacity for row in rows):
        raise ValueError("a row is longer than a pass")
    count = max(1, math.ceil(sum(lengths[row] for row in rows) / capacity))
    while True:
        passes = _spread(rows, lengths, count)
        if all(sum(lengths[row] for row in one) <= capacity for one in passes):
            return [one for one in passes if one]
        count += 1


def _spread(rows: Sequence[int], lengths: Sequence[int], count: int) -> list[list[int]]:
    passes: list[list[int]] = [[] for _ in range(count)]
    filled = [0] * count
    for row in sorted(rows, key=lambda row: (-lengths[row], row)):
        place = filled.index(min(filled))
        passes[place].append(row)
        filled[place] += lengths[row]
    return passes
