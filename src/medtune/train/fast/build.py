"""LoRA groups put into a model, where its linear layers stood.

Which layers share an input is not known from their names: a forward pass of the model's skeleton (no memory, no
arithmetic) shows it. Layers of one parent that get the very same tensor become one group.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from medtune.train.fast import frozen
from medtune.train.fast.attention import NAME
from medtune.train.fast.frozen import Kind
from medtune.train.fast.lora import Follower, Leader, LoraGroup, Member
from medtune.train.fast.passes import PassMaker
from medtune.train.rows import TrainRow


@dataclass(frozen=True)
class Adapted:
    """One linear layer with its update."""

    name: str
    """Its full name in the base model."""
    member: Member


@dataclass(frozen=True)
class Built:
    """What was put into a model."""

    groups: tuple[LoraGroup, ...]
    layers: tuple[Adapted, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Adapted layers by the last part of their name."""
        return dict(sorted(Counter(layer.name.rpartition(".")[2] for layer in self.layers).items()))

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that is trained, in the order of the layers."""
        return [value for layer in self.layers for value in (layer.member.a, layer.member.b)]


def build(model: Any, names: Sequence[str], *, rank: int, scale: float, seed: int, dropout: float = 0.0) -> Built:
    """Put LoRA on the named linear layers; all other weights are frozen.

    First values as PEFT's: A uniform in ±sqrt(1 / K) (kaiming_uniform with a = sqrt(5)), B zero; they depend on the
    seed only. Weights stay where and as they are (`convert` stores them otherwise).
    """
    model.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    members: dict[str, Member] = {}
    for name in names:
        linear = model.get_submodule(name)
        device = torch.device("cpu")
        a = (torch.rand(rank, linear.in_features, generator=generator) * 2 - 1) / math.sqrt(linear.in_features)
        members[name] = Member(a, torch.zeros(linear.out_features, rank, device=device))
    groups = [_replace(model, group, members, scale, dropout) for group in shared_inputs(model, names)]
    return Built(tuple(groups), tuple(Adapted(name, members[name]) for name in names))


def _replace(model: Any, names: Sequence[str], members: dict[str, Member], scale: float, dropout: float) -> LoraGroup:
    linears = [model.get_submodule(name) for name in names]
    weight = linears[0].weight if len(linears) == 1 else torch.cat([linear.weight for linear in linears])
    bias = None
    if any(linear.bias is not None for linear in linears):
        bias = torch.cat([_bias_of(linear) for linear in linears]).detach()
    group = LoraGroup(frozen.dense(weight), bias, [members[name] for name in names], scale, dropout)
    followers = [Follower() for _ in names[1:]]
    for name, module in zip(names, [Leader(group, followers), *followers], strict=True):
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, module)
    return group


def _bias_of(linear: nn.Linear) -> Tensor:
    return linear.weight.new_zeros(linear.out_features) if linear.bias is None else linear.bias


def convert(group: LoraGroup, kind: Kind, device: torch.device, *, turned: bool) -> None:
    """Store a group's weights in another way, on a device. Shapes that FP8 or NF4 do not take stay as they are."""
    held = group.weight
    assert held.kind == "dense"
    weight = held.tensors()[0].to(device)
    if kind == "fp8" and frozen.fits_fp8(weight):
        group.weight = frozen.fp8(weight, turned=turned)
    elif kind == "nf4" and all(frozen.fits_nf4(part) for part in torch.split(weight, group.sizes)):
        group.weight = frozen.nf4(weight, group.sizes)
    else:
        group.weight = frozen.dense(weight)
    group.to(device)


def shared_inputs(model: Any, names: Sequence[str]) -> list[list[str]]:
    """The names in groups that share an input, in the order in which the layers run.

    Where the skeleton cannot be run every layer is a group of its own: right as well, and slower.
    """
    from transformers import AutoModelForCausalLM

    try:
        with torch.device("meta"):
            skeleton = AutoModelForCausalLM.from_config(model.config, attn_implementation=NAME)
            seen = _trace(skeleton.to(dtype=next(model.parameters()).dtype), names)
    except (RuntimeError, ValueError, TypeError, NotImplementedError, KeyError, AttributeError, IndexError):
        return [[name] for name in names]
    if sorted(name for name, _ in seen) != sorted(names):  # a layer that runs twice, or never
        return [[name] for name in names]
    groups: dict[tuple[str, int], list[str]] = {}
    for name, tensor in seen:
        groups.setdefault((name.rpartition(".")[0], id(tensor)), []).append(name)
    return list(groups.values())


def _trace(skeleton: Any, names: Sequence[str]) -> list[tuple[str, Tensor]]:
    seen: list[tuple[str, Tensor]] = []  # holds the tensors, so that no two have one id
    hooks = [
        skeleton.get_submodule(name).register_forward_pre_hook(lambda _, args, name=name: seen.append((name, args[0])))
        for name in names
    ]
    one = PassMaker([TrainRow("", (1, 2), (True, True))], longest=2, block=2, pinned=False).make([0])
    meta = torch.device("meta")
    with torch.no_grad():
        skeleton(input_ids=one.ids.to(meta), position_ids=one.positions.to(meta), use_cache=False, **one.attention())
    for hook in hooks:
        hook.remove()
    return seen
