"""The arithmetic of a merge, in slices of rows: however large a tensor is, only some millions of its weights are here.

merged = W + scale · (B @ A), or with DoRA m / ‖W + scale · (B @ A)‖ · (W + scale · (B @ A)), in float32, rounded once
to the base's own type. Operations and their order are those of PEFT's `merge_and_unload`, so that the bits are, too.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from medtune.core.errors import ModelError
from medtune.export.adapter import Delta, TokenRows
from medtune.export.merge_plan import MergeOp
from medtune.export.weights import TensorEntry, read_tensor_bytes

if TYPE_CHECKING:
    import torch

SLICE_WEIGHTS = 1 << 21
"""Weights in one slice: 8 MiB in float32, so that its copies stay in the cache (64 MiB took twice as long)."""
_ROW_STEP = 64
"""Slices begin at multiples of so many rows, so that matrix kernels see whole blocks."""


def merge_pour(
    base: Path, adapter: Path, op: MergeOp, slice_weights: int = SLICE_WEIGHTS
) -> Callable[[BinaryIO], None]:
    """A `pour` that writes the merged tensor of `op`, slice by slice.

    Raises ModelError when a merged value is no finite number in the tensor's type.
    """

    def pour(file: BinaryIO) -> None:
        import torch

        for merged in merged_slices(base, adapter, op, slice_weights):
            if not _finite(merged):
                raise ModelError(
                    f"{op.name}: the merged weights hold values that {op.dtype} cannot",
                    where=str(adapter),
                    next_step="train with a lower learning rate, or use the base's BF16 release",
                )
            file.write(merged.contiguous().view(torch.uint8).numpy().data)

    return pour


def merged_slices(base: Path, adapter: Path, op: MergeOp, slice_weights: int) -> Iterator["torch.Tensor"]:
    """The merged tensor of `op` as slices of its rows, in its own type."""
    out = _dtypes()[op.dtype]
    delta = _Update(adapter, op.delta) if op.delta else None
    rows = _Rows(adapter, op.rows) if op.rows else None
    folder = adapter if op.from_adapter else base
    # What a quantized base held depends on all of a tensor's blocks; such tensors are single linear layers.
    step = op.source.parameters if op.storage else slice_weights
    if delta:
        delta.prepare(folder, op, step)
    for begin, end in _steps(op.shape, step):
        weight = load_tensor(folder, op.source, begin, end).float()
        if op.storage:
            weight = _as_stored(weight, op)
        if delta:
            weight = delta.added(weight, begin, end)
        if rows:
            rows.put(weight, begin, end)
        yield weight.to(out)


class _Update:
    """A low-rank update held in float32."""

    def __init__(self, folder: Path, delta: Delta) -> None:
        self._delta = delta
        self._a, self._b = load_tensor(folder, delta.a).float(), load_tensor(folder, delta.b).float()
        self._magnitude = load_tensor(folder, delta.magnitude).float().reshape(-1) if delta.magnitude else None
        self._columns: torch.Tensor | None = None

    def prepare(self, folder: Path, op: MergeOp, slice_weights: int) -> None:
        """DoRA of a transposed weight needs the length of whole columns before the first slice is written."""
        import torch

        if self._magnitude is None or not self._delta.transposed:
            return
        steps = list(_steps(op.shape, slice_weights))
        total = torch.zeros(op.shape[1], dtype=torch.float64)
        for begin, end in steps:
            weight = load_tensor(folder, op.source, begin, end).float()
            summed = (_as_stored(weight, op) if op.storage else weight) + self.rows(begin, end)
            if len(steps) == 1:
                self._columns = _lengths(summed.T)
                return
            total += summed.double().square_().sum(dim=0)
        self._columns = total.sqrt().float()

    def rows(self, begin: int, end: int) -> "torch.Tensor":
        """Rows of scale · B @ A, as the base stores them."""
        if self._delta.transposed:
            return (self._b @ self._a[:, begin:end]).T * self._delta.scale
        return (self._b[begin:end] @ self._a) * self._delta.scale

    def added(self, weight: "torch.Tensor", begin: int, end: int) -> "torch.Tensor":
        """The weight's rows with the update."""
        changed = self.rows(begin, end).add_(weight)
        if self._magnitude is None:
            return changed
        if self._columns is not None:
            return (self._magnitude / self._columns).view(1, -1) * changed
        return (self._magnitude[begin:end] / _lengths(changed)).view(-1, 1) * changed


class _Rows:
    """Rows of an embedding that take the place of the base's."""

    def __init__(self, folder: Path, rows: TokenRows) -> None:
        self._at = {index: number for number, index in enumerate(rows.indices)}
        self._values = load_tensor(folder, rows.values).float()

    def put(self, weight: "torch.Tensor", begin: int, end: int) -> None:
        for index, number in self._at.items():
            if begin <= index < end:
                weight[index - begin] = self._values[number]


def _finite(values: "torch.Tensor") -> bool:
    """No infinity, no NaN (which both extremes pass on): one pass without a copy."""
    import torch

    if not values.numel():
        return True
    low, high = torch.aminmax(values)
    return math.isfinite(low.item()) and math.isfinite(high.item())


def _lengths(weight: "torch.Tensor") -> "torch.Tensor":
    import torch

    lengths: torch.Tensor = torch.linalg.norm(weight, dim=1)
    return lengths


def _as_stored(weight: "torch.Tensor", op: MergeOp) -> "torch.Tensor":
    from medtune.chat.frozen import as_stored

    assert op.storage is not None
    return as_stored(weight, op.storage)


def _steps(shape: tuple[int, ...], slice_weights: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows of at most `slice_weights` weights (at least one step of rows)."""
    rows = shape[0] if shape else 1
    columns = math.prod(shape[1:])
    step = max(_ROW_STEP, slice_weights // max(1, columns) // _ROW_STEP * _ROW_STEP)
    for begin in range(0, rows, step):
        yield begin, min(rows, begin + step)


def load_tensor(folder: Path, entry: TensorEntry, begin: int = 0, end: int | None = None) -> "torch.Tensor":
    """Rows [begin, end) of a tensor of a safetensors file, in its own type. Raises ModelError for other types."""
    import torch

    types = _dtypes()
    if entry.dtype not in types:
        raise ModelError(
            f"{entry.name} is stored as {entry.dtype}", where=str(folder), next_step=f"store it as {', '.join(types)}"
        )
    shape = entry.shape or (1,)
    end = shape[0] if end is None else end
    row_bytes = entry.size_bytes // shape[0] if shape[0] else 0
    data = read_tensor_bytes(folder, entry, begin * row_bytes, (end - begin) * row_bytes)
    if not data:
        return torch.empty((end - begin, *shape[1:]), dtype=types[entry.dtype])
    return torch.frombuffer(data, dtype=types[entry.dtype]).reshape(end - begin, *shape[1:])


def _dtypes() -> dict[str, "torch.dtype"]:
    import torch

    return {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
