"""Which tensor of the merged model comes from where: decided from names and shapes alone, before a weight is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medtune.core.errors import ModelError
from medtune.export.adapter import Delta
from medtune.export.weights import TensorEntry

HEAD = "lm_head.weight"
_FLOATS = ("BF16", "F16", "F32")


@dataclass(frozen=True)
class MergeOp:
    """One tensor of the merged model: the base's tensor, plus a delta or as it is."""

    name: str
    source: TensorEntry
    delta: Delta | None


@dataclass(frozen=True)
class MergePlan:
    """Every tensor of the merged model, file by file in the base's order."""

    files: Mapping[str, tuple[MergeOp, ...]]
    untied: bool
    """True when the output layer got weights of its own: only then does it differ from the input embedding."""

    @property
    def merged(self) -> int:
        """How many tensors change."""
        return sum(op.delta is not None for ops in self.files.values() for op in ops)


def plan_merge(tensors: Mapping[str, TensorEntry], deltas: Sequence[Delta], *, tied: bool, embedding: str) -> MergePlan:
    """Match every delta with the base tensor that it changes.

    `tied`: the output layer uses the input embedding, whose module is called `embedding`. LoRA changes one of the two
    uses only, so a delta on either gives the output layer weights of its own.
    Raises ModelError for a delta without its tensor, of another shape, or on weights that are no floats.
    """
    base = dict(tensors)
    by_name = {f"{delta.module}.weight": delta for delta in deltas}
    shared = f"{embedding}.weight"
    untied = tied and HEAD not in base and shared in base and bool({shared, HEAD} & by_name.keys())
    if untied:
        base[HEAD] = base[shared]
    lost = sorted(name for name in by_name if name not in base)
    if lost:
        raise ModelError(
            f"{len(lost)} of the adapter's {len(by_name)} updates have no weights in this base, the first is {lost[0]}",
            next_step="export with the base that the adapter was trained on",
        )
    for name, delta in by_name.items():
        _check(name, base[name], delta)
    files: dict[str, list[MergeOp]] = {}
    for name, entry in sorted(base.items(), key=lambda item: (item[1].file, item[1].begin, item[0])):
        files.setdefault(entry.file, []).append(MergeOp(name, entry, by_name.get(name)))
    return MergePlan({file: tuple(ops) for file, ops in files.items()}, untied)


def _check(name: str, entry: TensorEntry, delta: Delta) -> None:
    shape = (delta.b.shape[0], delta.a.shape[1])
    if delta.transposed:
        shape = (shape[1], shape[0])
    if entry.shape != shape:
        raise ModelError(
            f"{name}: the base has the shape {entry.shape}, the adapter changes {shape}",
            next_step="export with the base that the adapter was trained on",
        )
    if entry.dtype not in _FLOATS:
        raise ModelError(
            f"{name} is stored as {entry.dtype}: an update can only be added to {', '.join(_FLOATS)}",
            next_step="use the base model's BF16 or F16 release",
        )
