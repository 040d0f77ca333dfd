"""Which rows go into which batch, and batches as tensors. The order depends on seed and epoch only."""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from medtune.train.rows import TrainRow

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100
POOL_BATCHES = 50


def batch_order(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[int]:
    """Row indices of one epoch; each run of `batch_size` of them is a batch of rows of like length.

    Rows are shuffled, sorted by length within pools of 50 batches, cut into batches, and the batches shuffled: little
    padding, and still another mixture in each epoch. An incomplete batch comes last.
    """
    rng = random.Random(f"{seed}/{epoch}")
    order = list(range(len(lengths)))
    rng.shuffle(order)
    whole = len(order) - len(order) % batch_size
    batches: list[list[int]] = []
    for start in range(0, whole, POOL_BATCHES * batch_size):
        pool = sorted(order[start : min(start + POOL_BATCHES * batch_size, whole)], key=lambda index: lengths[index])
        batches += [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
    rng.shuffle(batches)
    return [index for batch in batches for index in batch] + order[whole:]


def padding_share(lengths: Sequence[int], order: Sequence[int], batch_size: int) -> float:
    """Padded positions of all positions (0 to 1) when rows are batched in this order."""
    padded = 0
    for start in range(0, len(order), batch_size):
        batch = [lengths[index] for index in order[start : start + batch_size]]
        padded += max(batch) * len(batch)
    return 1 - sum(lengths[index] for index in order) / padded if padded else 0.0


class EpochSampler:
    """Row indices for a DataLoader; `set_epoch` is called by the trainer, so a resumed run sees the same order."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self._lengths, self._batch_size, self._seed = list(lengths), batch_size, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, from 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        return iter(batch_order(self._lengths, self._batch_size, self._seed, self._epoch))


def collate(rows: Sequence[TrainRow], indices: Sequence[int]) -> "dict[str, Tensor]":
    """Pad on the right: input_ids and labels (B, T) int64 (-100: not trained), rows (B) the rows' indices.

    There is no attention mask: with padding on the right, the causal mask alone keeps it out of every trained position.
    """
    import torch

    length = max(len(row.input_ids) for row in rows)
    ids = torch.zeros((len(rows), length), dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED, dtype=torch.long)
    for line, row in enumerate(rows):
        values = torch.tensor(row.input_ids, dtype=torch.long)
        ids[line, : len(values)] = values
        labels[line, : len(values)] = torch.where(torch.tensor(row.trained), values, IGNORED)
    return {"input_ids": ids, "labels": labels, "rows": torch.tensor(indices, dtype=torch.long)}


def collate_examples(examples: Sequence[dict[str, Any]]) -> "dict[str, Tensor]":
    """The same for rows as the data set of the trainer gives them."""
    rows = [TrainRow("", tuple(item["input_ids"]), tuple(item["trained"])) for item in examples]
    return collate(rows, [int(item["row"]) for item in examples])
