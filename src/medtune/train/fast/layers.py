"""The decoder layers: compiled (one compilation serves all of one kind), and recomputed where memory is short."""

import functools
from collections.abc import Callable
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


def prepare(layers: list[nn.Module], *, compiled: bool, checkpointing: Checkpointing) -> None:
    """Replace the layers' `forward`; may be called again. `selective` recomputes every second layer."""
    if compiled:
        # Layers of one class share their code; each kind (sliding or full attention, say) is compiled once.
        torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 32)
    for index, layer in enumerate(layers):
        forward = type(layer).forward.__get__(layer)
        call = functools.partial(_with_open_lengths, torch.compile(forward)) if compiled else forward
        again = checkpointing == "full" or (checkpointing == "selective" and index % 2 == 0)
        layer.forward = functools.partial(_recomputed, call) if again else call


def _recomputed(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not torch.is_grad_enabled():
        return call(*args, **kwargs)
    return checkpoint(call, *args, use_reentrant=False, preserve_rng_state=False, **kwargs)


def _with_open_lengths(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Tell the compiler at once that the number of tokens, and of rows, changes from pass to pass."""
    for value in (*args, *kwargs.values()):
        for tensor in value if isinstance(value, tuple) else (value,):
            if isinstance(tensor, Tensor) and tensor.dim() and tensor.shape[min(1, tensor.dim() - 1)] > 1:
                torch._dynamo.maybe_mark_dynamic(tensor, min(1, tensor.dim() - 1))  # (1, T, ...) or (R + 1)
    return call(*args, **kwargs)
