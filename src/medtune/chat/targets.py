"""Which linear layers of a model LoRA adapts, from the names of its layers and the family card alone."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from medtune.chat.family import Family
from medtune.core.errors import ModelError

_BLOCK = re.compile(r"(?:^|\.)(?:layers|h|blocks|block)\.\d+\.")
"""Blocks are numbered: `model.layers.3.`, GPT-2's `transformer.h.3.`."""


def block_layers(family: Family, linear_layers: Iterable[str]) -> list[str]:
    """Full names of the linear layers inside the language model's blocks; output layer and other towers left out."""
    other = {*family.other_towers}
    return [name for name in linear_layers if _BLOCK.search(name) and not other & set(name.split("."))]


def target_layers(family: Family, linear_layers: Iterable[str]) -> list[str]:
    """Full names of the linear layers that are adapted when a recipe says `all-linear`.

    Those of the card's `target_modules`; every linear layer of a block when the card names none. Raises ModelError when
    a name of the card matches nothing, and when a block has a linear layer that the card says nothing about.
    """
    inside = block_layers(family, linear_layers)
    found = Counter(_kind(name) for name in inside)
    wanted = set(family.target_modules) or set(found) - set(family.left_out)
    unmatched = sorted(wanted - set(found))
    unnamed = sorted(set(found) - wanted - set(family.left_out))
    known = ", ".join(f"{kind} ({count})" for kind, count in found.items()) or "none"
    if unmatched or not inside:
        missing = ", ".join(unmatched) or "linear layers"
        raise ModelError(
            f"the {family.family} card adapts {missing}, which match nothing in this base",
            where=f"linear layers of its blocks: {known}",
            next_step="name some of those under `train.target_modules`, or correct the card",
        )
    if unnamed:
        raise ModelError(
            f"the {family.family} card says nothing about these linear layers: {', '.join(unnamed)}",
            where=f"linear layers of the base's blocks: {known}",
            next_step="name the layers to adapt under `train.target_modules`, or complete the card",
        )
    return [name for name in inside if _kind(name) in wanted]


def lora_targets(family: Family, linear_layers: Sequence[str]) -> list[str]:
    """`target_layers` as PEFT's `target_modules`: the ends of their names where these name nothing else, else whole."""
    layers = target_layers(family, linear_layers)
    kinds = sorted({_kind(name) for name in layers})
    alike = [name for name in linear_layers if _kind(name) in kinds]
    return kinds if alike == layers else layers


def check_dtype(family: Family, dtype: str) -> None:
    """Raise ModelError when the family must not be computed in `dtype` (`float16`: Gemma's activations overflow)."""
    if dtype not in family.dtypes:
        raise ModelError(
            f"{family.family} models must not be computed in {dtype}",
            where=f"family card {family.family}",
            next_step=f"use {' or '.join(family.dtypes)}; without bfloat16 units that means float32 or another base",
        )


def _kind(name: str) -> str:
    return name.rpartition(".")[2]
