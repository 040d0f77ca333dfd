"""The decoder layers: compiled (one compilation serves all of one kind), and recomputed where memory is short."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from medtune.train.planner.plan import Checkpointing


def decoder_layers(model: nn.Module) -> list[nn.Module]:
    """The layers of the decoder: the longest list of modules."""
    lists: list[nn.ModuleList] = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    lists = [module for module in lists if len(module) and hasattr(module[0], "mlp")] or lists
    return list(sorted(lists, key=lambda found: -len(found))[0])


def prepare(layers: list[nn.Module], *, compiled: bool, checkpointing: Checkpointing, random: bool = False) -> None:
    """Replace the layers' `forward`; may be called again. `selective` recomputes every second layer.

    `random`: layers draw random numbers (dropout), so that computing again must draw the same ones.
    """
    if compiled:
        # Layers of one class share their code; each kind (sliding or full attention, say) is compiled once.
        torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 32)
    for index, layer in enumerate(layers):
        forward = type(layer).forward.__get__(layer)
        call = functools.partial(_with_open_lengths, torch.compile(forward)) if compiled else forward
        again = checkpointing == "full" or (checkpointing == "selective" and index % 2 == 0)
        layer.forward = functools.partial(_recomputed, call, random) if again else call


def _recomputed(call: Callable[..., Any], random: bool, *args: Any, **kwargs: Any) -> Any:
    if not torch.is_grad_enabled():
        return call(*args, **kwargs)
    return checkpoint(call, *args, use_reentrant=False, preserve_rng_state=random, **kwargs)


def _with_open_lengths(call: Callable[..., Any], hidden: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Tell the compiler at once that the number of tokens, and of rows, changes from pass to pass.

    `hidden` (..., T, H); Gemma 3n's has four streams before, and its layers hand keys (1, G, T, D) on in a mapping.
    """
    tokens = hidden.shape[-2]
    bounds = kwargs.get("cu_seq_lens_q")
    for tensor in _tensors((hidden, args, kwargs)):
        place = tensor.dim() - (2 if tensor.is_floating_point() else 1)  # (..., T, D) or (1, T)
        if place >= 0 and (tensor is bounds or tensor.shape[place] == tokens):
            torch._dynamo.maybe_mark_dynamic(tensor, place)
    return call(hidden, *args, **kwargs)


def _tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in arguments, however nested."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)
