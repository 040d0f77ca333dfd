import random

import torch
from hypothesis import given
from hypothesis import strategies as st

from medtune.train.batches import EpochSampler, batch_order, collate, padding_share
from medtune.train.rows import TrainRow

LENGTHS = st.lists(st.integers(1, 512), min_size=1, max_size=200)


@given(lengths=LENGTHS, batch=st.integers(1, 16), seed=st.integers(0, 9), epoch=st.integers(0, 3))
def test_every_row_comes_once_in_an_order_of_seed_and_epoch(
    lengths: list[int], batch: int, seed: int, epoch: int
) -> None:
    order = batch_order(lengths, batch, seed, epoch)
    assert sorted(order) == list(range(len(lengths)))
    random.random()  # the global generator is not asked
    assert order == batch_order(lengths, batch, seed, epoch)


def test_epochs_and_seeds_differ() -> None:
    lengths = list(range(64))
    orders = {tuple(batch_order(lengths, 8, seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}
    assert len(orders) == 4


def test_batches_of_like_length_pad_little() -> None:
    rng = random.Random(0)
    lengths = [rng.randint(20, 400) for _ in range(1000)]
    shuffled = list(range(1000))
    rng.shuffle(shuffled)
    assert padding_share(lengths, shuffled, 8) > 0.3
    assert padding_share(lengths, batch_order(lengths, 8, 7, 0), 8) < 0.03


def test_batches_are_not_visited_in_order_of_length() -> None:
    lengths = list(range(400))
    order = batch_order(lengths, 8, 7, 0)
    means = [sum(order[at : at + 8]) / 8 for at in range(0, 400, 8)]
    assert means != sorted(means) and means != sorted(means, reverse=True)


def test_the_sampler_follows_the_epoch() -> None:
    lengths = list(range(30))
    sampler = EpochSampler(lengths, 2, seed=3)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) == batch_order(lengths, 2, 3, 1) != first
    assert len(sampler) == 30


def test_a_batch_as_tensors() -> None:
    rows = [
        TrainRow("a", (5, 6, 7), (False, True, True)),
        TrainRow("b", (8, 9), (False, True)),
    ]
    batch = collate(rows, [4, 2])
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 0]]
    assert batch["labels"].tolist() == [[-100, 6, 7], [-100, 9, -100]]
    assert batch["rows"].tolist() == [4, 2]
    assert all(value.dtype == torch.int64 for value in batch.values())
