"""Where the work on single rows is done: in this process, or by the workers of Ray on this machine or on a cluster.

An engine is a map over batches whose results come in the order of the batches. What needs all rows (the split, repeats,
counts) stays in this process, so every engine writes the same bytes.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

B_contra = TypeVar("B_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
B = TypeVar("B")
R = TypeVar("R")
T = TypeVar("T")

BATCH = 256
"""Rows of a batch."""


class Work(Protocol[B_contra, R_co]):
    """A description of work that another process can be sent."""

    def start(self) -> Callable[[B_contra], R_co]:
        """Load what it needs, once in each process; what comes back does one batch after the other."""
        ...


class Engine(Protocol):
    """Does work on batches."""

    def map(self, work: Work[B, R], batches: Iterable[B]) -> Iterator[R]:
        """The result of each batch, in order. Raises what the work raises."""
        ...


@dataclass(frozen=True)
class Place:
    """Where an engine finds its workers; the local one needs none."""

    workers: int | None = None
    """None: all processors that there are."""
    cluster: str | None = None
    """HOST:PORT of a running Ray; None starts one on this machine that nothing else can reach."""


class LocalEngine:
    """One batch after the other, here."""

    def map(self, work: Work[B, R], batches: Iterable[B]) -> Iterator[R]:
        """As Engine says; nothing is done before its result is asked for."""
        return map(work.start(), batches)


@contextlib.contextmanager
def _local(_: Place) -> Iterator[Engine]:
    yield LocalEngine()


def _ray(place: Place) -> AbstractContextManager[Engine]:
    from medtune.prepare.ray_engine import ray_engine

    return ray_engine(place)


ENGINES: dict[str, Callable[[Place], AbstractContextManager[Engine]]] = {"local": _local, "ray": _ray}


def batched(items: Iterable[T]) -> Iterator[list[T]]:
    """Lists of BATCH items, the last one shorter."""
    waiting = iter(items)
    while batch := list(islice(waiting, BATCH)):
        yield batch
