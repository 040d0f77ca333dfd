"""What the runs of a suite need together: the disk of all of them, the memory of the largest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medtune.core.errors import MedtuneError, ResourceError
from medtune.pipeline.checks import disk_needed, free_disk
from medtune.pipeline.open import OpenRecipe


@dataclass(frozen=True)
class Largest:
    """The training that takes the most memory; `names` are the models whose need is known."""

    name: str
    memory_bytes: int
    on_card: bool
    """False: RAM of a machine that trains on its CPU."""
    names: tuple[str, ...]


def disk_of_all(opened: Sequence[OpenRecipe]) -> tuple[int, tuple[str, ...]]:
    """Bytes of all runs that still export, since none of them is removed, and the models whose need is not known."""
    needs = {one.recipe.name: disk_needed(one) for one in opened}
    return sum(need or 0 for need in needs.values()), tuple(name for name, need in needs.items() if need is None)


def largest_training(opened: Sequence[OpenRecipe]) -> Largest | None:
    """The largest forecast of the runs that still train: they run one after the other. None: nothing is known."""
    found = {one.recipe.name: need for one in opened if (need := _memory(one)) is not None}
    if not found:
        return None
    name, (memory_bytes, on_card) = max(found.items(), key=lambda pair: pair[1][0])
    return Largest(name, memory_bytes, on_card, tuple(found))


def check_disk(folder: Path, opened: Sequence[OpenRecipe]) -> None:
    """Raises ResourceError when the disk holds each run that still exports, but not all of them."""
    needed, _ = disk_of_all(opened)
    free = free_disk(folder)
    if free < needed:
        raise ResourceError(
            f"too little disk: the {len(opened)} models need about {needed / 1e9:.1f} GB together, and "
            f"{free / 1e9:.1f} GB are free",
            where=str(folder),
            next_step="free some space, choose another folder with --runs, or name fewer `export.quantizations`",
        )


def _memory(opened: OpenRecipe) -> tuple[int, bool] | None:
    """Bytes that the training would take at its peak, and whether on a card; None when it cannot be told."""
    from medtune.chat.base import resolve_base, to_fetch
    from medtune.train.foresee import foresee

    if to_fetch(opened.recipe.base):
        return None
    try:
        base = resolve_base(opened.recipe.base, opened.whole().resolve)
        foreseen = foresee(opened.whole(), opened.run, base)
    except MedtuneError:
        return None  # said by the checks
    memory = foreseen.plan.memory_bytes
    return None if memory is None else (memory, foreseen.card.device != "cpu")
