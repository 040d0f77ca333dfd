"""A loss that is no finite number: why, as far as the weights tell."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from medtune.core.errors import MedtuneError
from medtune.train.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor


def broken_loss(settings: Settings, step: int, ids: Sequence[str], trained: "Iterable[Tensor]") -> MedtuneError:
    """The error to raise in step `step` for these rows. `trained`: the weights that are trained."""
    import torch

    where = f"step {step}, rows {', '.join(ids[:8])}"
    weights = list(trained)
    if not all(bool(torch.isfinite(weight).all()) for weight in weights):
        return MedtuneError(
            f"the loss is no number any more: the update of step {step - 1} made trained weights infinite",
            where=where,
            next_step=f"lower train.learning_rate (it is {settings.learning_rate:g}) or train.max_grad_norm "
            f"(it is {settings.max_grad_norm:g}), or raise train.warmup_ratio",
        )
    largest = max((float(weight.detach().abs().max()) for weight in weights), default=0.0)
    return MedtuneError(
        f"the loss is no number any more: the weights are finite (largest that is trained {largest:.3g}), "
        "but the model overflows on these rows",
        where=where,
        next_step=f"lower train.learning_rate (it is {settings.learning_rate:g}); if it is low already, "
        "look at these rows",
    )
