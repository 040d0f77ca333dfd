"""Which tensor of the merged model comes from where: decided from names and shapes alone, before a weight is read."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from medtune.chat.frozen import Storage
from medtune.core.errors import ModelError
from medtune.export.adapter import Delta, TokenRows, is_copy
from medtune.export.weights import TensorEntry

HEAD = "lm_head.weight"
_SIZES = {"BF16": 2, "F16": 2, "F32": 4}
_FLOATS = tuple(_SIZES)
_WRAPPERS = ("model", "language_model", "transformer")
"""Leading parts of a tensor's name that differ between a class in memory and its checkpoint on disk."""
_FUSED = {"qkv_proj": ("q_proj", "k_proj", "v_proj"), "gate_up_proj": ("gate_proj", "up_proj")}
"""Layers that some families (Phi) hold as one matrix and others as several."""
_OTHER_BASE = "export with the base that the adapter was trained on"


@dataclass(frozen=True)
class MergeOp:
    """One tensor of the merged model: where its values come from and what is done to them."""

    name: str
    dtype: str
    """Of the merged tensor: always the base's."""
    source: TensorEntry
    from_adapter: bool = False
    """True when `source` lies in the adapter's file, not in the base's."""
    storage: Storage | None = None
    """Rounded first to what a quantized base held."""
    delta: Delta | None = None
    rows: TokenRows | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the merged tensor."""
        return self.source.shape

    @property
    def size_bytes(self) -> int:
        """Bytes of the merged tensor."""
        return (
            self.source.size_bytes if self.source.dtype == self.dtype else self.source.parameters * _SIZES[self.dtype]
        )

    @property
    def changed(self) -> bool:
        """False when the base's bytes are copied as they are."""
        return self.from_adapter or self.delta is not None or self.rows is not None or self.storage is not None


@dataclass(frozen=True)
class MergePlan:
    """Every tensor of the merged model, file by file in the base's order."""

    files: Mapping[str, tuple[MergeOp, ...]]
    untied: bool
    """True when the output layer got weights of its own: only then does it differ from the input embedding."""
    vocabulary: int | None = None
    """Rows of the embedding, when the adapter changed their number."""

    @property
    def merged(self) -> int:
        """How many tensors change."""
        return sum(op.changed for ops in self.files.values() for op in ops)


def plan_merge(
    tensors: Mapping[str, TensorEntry],
    deltas: Sequence[Delta],
    *,
    tied: bool,
    embedding: str,
    replaced: Mapping[str, TensorEntry] | None = None,
    token_rows: Sequence[TokenRows] = (),
    tied_copies: bool = False,
    stored: AbstractSet[str] = frozenset(),
    storage: Storage | None = None,
) -> MergePlan:
    """Match every change with the base tensor that it changes.

    `tied`: the output layer uses the input embedding, whose module is called `embedding`. LoRA changes one of the two
    uses only, so a delta on either gives the output layer weights of its own. `tied_copies`: training kept whole saved
    copies of the two alike. `stored` names the modules whose weights are rounded to `storage` first.
    Raises ModelError for a change without its tensor, of another shape, or on weights that are no floats.
    """
    base = dict(tensors)
    names = _Names(base, HEAD if tied and HEAD not in base else None)
    changes = _Changes(
        {names.find(f"{delta.module}.weight"): delta for delta in deltas},
        {names.find(f"{one.module}.weight"): one for one in token_rows},
        {names.find(name): entry for name, entry in (replaced or {}).items()},
        {names.find(f"{module}.weight"): storage for module in stored if storage},
    )
    shared = f"{embedding}.weight"
    untied = tied and HEAD not in base and shared in base
    if untied and not _splits(changes, shared, base[shared], tied_copies):
        untied = False
        changes.whole.pop(HEAD, None)
        changes.rows.pop(HEAD, None)
    if untied:
        base[HEAD] = base[shared]
    changes.check_all_there(base)
    vocabulary = _vocabulary(base, changes.whole, shared)
    order = sorted(base.items(), key=lambda item: (item[1].file, item[1].begin, item[0]))
    ops = [_op(name, entry, changes) for name, entry in order]
    if vocabulary is not None:
        ops = [_follow(op, ops, shared) if op.name == HEAD else op for op in ops]
    files: dict[str, list[MergeOp]] = {}
    for op in ops:
        files.setdefault(base[op.name].file, []).append(op)
    return MergePlan({file: tuple(found) for file, found in files.items()}, untied, vocabulary)


@dataclass(frozen=True)
class _Changes:
    """Every change by the name of the base tensor that it is for."""

    deltas: dict[str, Delta]
    rows: dict[str, TokenRows]
    whole: dict[str, TensorEntry]
    storage: dict[str, Storage]

    def check_all_there(self, base: Mapping[str, TensorEntry]) -> None:
        """Raises ModelError for a change without its tensor."""
        names = {*self.deltas, *self.rows, *self.whole, *self.storage}
        lost = sorted(name for name in names if name not in base)
        if not lost:
            return
        what = f"{len(lost)} of the adapter's {len(names)} updates have no weights in this base, the first is {lost[0]}"
        if other := _otherwise_fused(lost[0], base):
            raise ModelError(
                f"{what}: there these weights are {other}",
                next_step=f"{_OTHER_BASE}, or train a new one on this base",
            )
        raise ModelError(what, next_step=_OTHER_BASE)


class _Names:
    """Finds a base tensor by its name in memory: exactly, else by the one name that differs in wrappers only."""

    def __init__(self, tensors: Mapping[str, TensorEntry], head: str | None) -> None:
        self._known = {*tensors, *([head] if head else [])}
        self._cores: dict[str, list[str]] = {}
        for name in sorted(self._known):
            self._cores.setdefault(_core(name), []).append(name)

    def find(self, name: str) -> str:
        """The base's name, or the name itself when there is none."""
        if name in self._known:
            return name
        found = self._cores.get(_core(name), [])
        return found[0] if len(found) == 1 else name


def _core(name: str) -> str:
    parts = name.split(".")
    while len(parts) > 2 and parts[0] in _WRAPPERS:
        parts.pop(0)
    return ".".join(parts)


def _otherwise_fused(name: str, base: Mapping[str, TensorEntry]) -> str:
    """In words, how the base holds a layer that it has under other names; empty when it has it not at all."""
    before, _, layer = name.removesuffix(".weight").rpartition(".")
    for whole, parts in _FUSED.items():
        if layer in parts and f"{before}.{whole}.weight" in base:
            return f"part of one matrix, {whole}"
        if layer == whole and all(f"{before}.{part}.weight" in base for part in parts):
            return f"matrices of their own, {', '.join(parts)}"
    return ""


def _splits(changes: _Changes, shared: str, embedding: TensorEntry, tied_copies: bool) -> bool:
    """Do the changes make two tensors of a tied one? Trained rows stay tied, and so does one that only grew."""
    if {shared, HEAD} & changes.deltas.keys() or (HEAD in changes.rows and shared not in changes.rows):
        return True
    if tied_copies:
        return False
    one, other = changes.whole.get(shared), changes.whole.get(HEAD)
    if other is not None:
        return not is_copy(other) and other != one
    return one is not None and not is_copy(one) and one.shape == embedding.shape


def _vocabulary(base: Mapping[str, TensorEntry], whole: Mapping[str, TensorEntry], shared: str) -> int | None:
    """Rows of a resized embedding; None when their number is the base's."""
    entry = whole.get(shared)
    if entry is None or shared not in base or entry.shape == base[shared].shape:
        return None
    return entry.shape[0]


def _op(name: str, entry: TensorEntry, changes: _Changes) -> MergeOp:
    """What becomes of one tensor of the base. Raises ModelError."""
    delta, rows, whole = changes.deltas.get(name), changes.rows.get(name), changes.whole.get(name)
    if whole is not None and is_copy(whole) and whole.shape == entry.shape:
        whole = None
    source = whole or entry
    storage = None if whole else changes.storage.get(name)
    op = MergeOp(name, entry.dtype, source, from_adapter=whole is not None, storage=storage, delta=delta, rows=rows)
    if not op.changed:
        return op
    grown = len(source.shape) == 2 and source.shape[1:] == entry.shape[1:] and name.endswith(("weight", "bias"))
    if whole is not None and source.shape != entry.shape and not grown:
        raise _misfit(name, entry.shape, source.shape)
    if delta is not None and source.shape != delta.shape:
        raise _misfit(name, source.shape, delta.shape)
    if rows is not None and (
        source.shape[1:] != rows.values.shape[1:] or max(rows.indices, default=-1) >= source.shape[0]
    ):
        raise _misfit(name, source.shape, rows.values.shape)
    for one in (entry, source):
        if one.dtype not in _FLOATS:
            raise ModelError(
                f"{name} is stored as {one.dtype}: an update can only be added to {', '.join(_FLOATS)}",
                next_step="use the base model's BF16 or F16 release",
            )
    return op


def _follow(head: MergeOp, ops: Sequence[MergeOp], shared: str) -> MergeOp:
    """An output layer must grow with the embedding; untied from it, it takes over its new rows."""
    grown = next(op for op in ops if op.name == shared)
    if head.shape[0] == grown.shape[0]:
        return head
    if not head.from_adapter and head.source.name == shared:
        return replace(head, source=grown.source, from_adapter=True)
    raise _misfit(HEAD, head.shape, grown.shape)


def _misfit(name: str, base: tuple[int, ...], change: tuple[int, ...]) -> ModelError:
    return ModelError(f"{name}: the base has the shape {base}, the adapter changes {change}", next_step=_OTHER_BASE)
