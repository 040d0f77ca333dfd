"""From card, model, lengths and wishes to one plan: the fastest that fits, with its reasons. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from medtune.core.errors import ModelError, ResourceError
from medtune.train.batches import batch_order, padding_share
from medtune.train.capability import Capability, Card, Dtype, capability_of
from medtune.train.fast.passes import BLOCK_TOKENS
from medtune.train.planner.memory import MemoryForecast, MemorySetting, predict_memory
from medtune.train.planner.plan import Alternative, Checkpointing, EngineName, Method, TrainingPlan
from medtune.train.planner.rates import efficiency, flops_per_token, peak_flops, saturation
from medtune.train.planner.shape import ModelShape

ENGINE_METHODS: dict[EngineName, tuple[Method, ...]] = {
    "fast": ("lora", "fp8", "qlora"),
    "unsloth": ("lora", "qlora"),
    "trl": ("lora", "qlora", "full"),
}
"""What each engine can do, the preferred engine first."""
ENGINE_CHECKPOINTING: dict[EngineName, tuple[Checkpointing, ...]] = {
    "fast": ("none", "selective", "full"),
    "unsloth": ("none", "full"),
    "trl": ("none", "full"),
}
PACKING_ENGINES: tuple[EngineName, ...] = ("fast",)
MARGIN = 0.03
"""Share of the memory that is left free: forecasts are not exact, and other processes breathe."""
_CLOSE = 1.02
"""Times that differ by less than this factor count as the same; then the nearer method to the base's own type wins."""
_FIDELITY: tuple[Method, ...] = ("full", "lora", "fp8", "qlora")


@dataclass(frozen=True)
class Wish:
    """What the recipe asks for; `auto` leaves it to the planner."""

    method: Method | Literal["auto"] = "auto"
    engine: EngineName | Literal["auto"] = "auto"
    dtype: Dtype | Literal["auto"] = "auto"
    checkpointing: Checkpointing | Literal["auto"] = "auto"
    packing: bool | Literal["auto"] = "auto"
    memory_limit_bytes: int | None = None
    batch_size: int = 8
    accumulation: int = 1
    steps: int = 1
    seed: int = 7
    lora_r: int = 16
    targets: tuple[str, ...] | str = "all-linear"
    optimizer: str = "adamw"
    dora: bool = False
    dropout: bool = False
    trained_share: float = 1.0
    """Share of the tokens that are trained."""
    allowed: tuple[Dtype, ...] = ("bfloat16", "float16", "float32")
    """Types that the model family may be computed in: some overflow in float16."""
    unable: Mapping[EngineName, str | None] = field(default_factory=dict)
    """Why an engine cannot run on this machine at all, by its own word; absent or None: it can."""

    @property
    def step_rows(self) -> int:
        """Rows of an optimiser step; no plan changes them."""
        return self.batch_size * self.accumulation


@dataclass(frozen=True)
class _Choice:
    plan: TrainingPlan
    forecast: MemoryForecast
    seconds: float

    @property
    def words(self) -> str:
        plan = self.plan
        size = f"{plan.micro_tokens} tokens" if plan.packing else f"{plan.micro_batch} rows"
        kept = {"none": "nothing computed again", "selective": "every second layer computed again"}
        return f"{plan.engine} {plan.method}, {kept.get(plan.checkpointing, 'all computed again')}, {size} a pass"


def choose(card: Card, shape: ModelShape, lengths: Sequence[int], wish: Wish) -> TrainingPlan:
    """The fastest plan that fits, its effective batch that of the recipe; `lengths`: tokens of each training row.

    Raises ModelError when the card cannot do what the recipe asks for, ResourceError when nothing fits.
    """
    capability = capability_of(card)
    dtype = _dtype(capability, wish)
    refused: list[Alternative] = []
    choices = list(_choices(capability, shape, lengths, replace(wish, dtype=dtype), refused))
    if not choices:
        raise _impossible(card, wish, refused)
    room = int(card.usable_bytes(wish.memory_limit_bytes) * (1 - MARGIN))
    fitting = [choice for choice in choices if choice.forecast.total <= room]
    if not fitting:
        raise _too_little(card, room, choices, wish)
    fastest = min(choice.seconds for choice in fitting)
    close = [choice for choice in fitting if choice.seconds <= _CLOSE * fastest]
    taken = min(close, key=lambda one: (_FIDELITY.index(one.plan.method), one.seconds, -one.plan.micro_batch))
    why = (
        f"{taken.words}: the fastest of {len(fitting)} choices that fit into {_gib(room)} "
        f"(needs {_gib(taken.forecast.total)})",
        *(f"{card.name}: {reason}" for reason in capability.reasons),
    )
    return replace(
        taken.plan,
        memory_bytes=taken.forecast.total if card.device == "cpu" else taken.forecast.reserved,
        seconds=taken.seconds,
        why=why,
        alternatives=(*refused, *_others(taken, choices, room)),
    )


def _dtype(capability: Capability, wish: Wish) -> Dtype:
    """The best type that card and family allow, or the recipe's own. Raises ModelError when that cannot be."""
    possible = [dtype for dtype in capability.dtypes if dtype in wish.allowed]
    if wish.dtype == "auto" and possible:
        return possible[0]
    if wish.dtype != "auto" and wish.dtype in possible:
        return wish.dtype
    name = capability.card.name
    if wish.dtype != "auto" and wish.dtype in capability.dtypes:
        what = f"train.dtype: this model family must not be computed in {wish.dtype}: its activations overflow"
    elif wish.dtype != "auto":
        what = f"train.dtype: {name} cannot train in {wish.dtype}"
    else:
        what = f"{name} computes in {' or '.join(capability.dtypes)}, this model family in {' or '.join(wish.allowed)}"
    advice = (
        f"set train.dtype to auto or to {' or '.join(possible)}" if possible else "use another card or another base"
    )
    raise ModelError(what, where="; ".join(capability.reasons) or name, next_step=advice)


def _choices(
    capability: Capability, shape: ModelShape, lengths: Sequence[int], wish: Wish, refused: list[Alternative]
) -> Iterator[_Choice]:
    """Every possible plan; what the card or an engine cannot do goes to `refused`."""
    for engine, methods in ENGINE_METHODS.items():
        if wish.engine not in ("auto", engine):
            continue
        if engine == "fast" and wish.engine == "auto" and capability.card.device != "cuda":
            refused.append(Alternative("fast", "made for NVIDIA cards; elsewhere trl is the measured one"))
            continue
        if wish.unable.get(engine):
            refused.append(Alternative(engine, str(wish.unable[engine])))
            continue
        for method in ("lora", "fp8", "qlora", "full"):
            if (wish.method == "auto" and method == "full") or wish.method not in ("auto", method):
                continue
            if wish.method == "auto" and method not in methods:
                continue
            reason = _no_method(engine, method, capability, wish)
            if reason:
                refused.append(Alternative(f"{engine} {method}", reason))
                continue
            for checkpointing in ENGINE_CHECKPOINTING[engine]:
                if wish.checkpointing in ("auto", checkpointing):
                    yield from _sizes(
                        capability, shape, lengths, wish, engine=engine, method=method, checkpointing=checkpointing
                    )
            if wish.checkpointing not in ("auto", *ENGINE_CHECKPOINTING[engine]):
                refused.append(Alternative(f"{engine} {method}", f"it has no checkpointing {wish.checkpointing}"))


def _no_method(engine: EngineName, method: Method, capability: Capability, wish: Wish) -> str | None:
    """Why an engine or the card cannot do a method, or None."""
    name = capability.card.name
    reasons = (
        (method == "fp8" and not capability.fp8, f"{name} has no FP8 units (Ada, Hopper or newer)"),
        (method == "fp8" and wish.dtype == "float16", "FP8 is combined with bfloat16 only"),
        (method == "qlora" and not capability.nf4, f"{name}: 4-bit weights need an NVIDIA card"),
        (
            wish.optimizer != "adamw" and capability.card.sm is None,
            f"the optimizer {wish.optimizer} needs an NVIDIA card",
        ),
        (method not in ENGINE_METHODS[engine], f"the engine {engine} does not do {method}"),
        (wish.packing is True and engine not in PACKING_ENGINES, f"the engine {engine} does not pack rows"),
    )
    return next((why for applies, why in reasons if applies), None)


def _sizes(
    capability: Capability,
    shape: ModelShape,
    lengths: Sequence[int],
    wish: Wish,
    *,
    engine: EngineName,
    method: Method,
    checkpointing: Checkpointing,
) -> Iterator[_Choice]:
    """The same plan with passes of several sizes, from a whole step down to one row."""
    assert wish.dtype != "auto"
    longest, mean = max(lengths), sum(lengths) / len(lengths)
    packing = engine in PACKING_ENGINES and wish.packing is not False
    order = batch_order(lengths, wish.batch_size, wish.seed, 0)
    cuda = capability.card.device == "cuda"
    for rows in _rows_of_a_pass(wish.step_rows if cuda else wish.batch_size, packing=packing):
        if packing:
            tokens = _whole_blocks(max(longest, math.ceil(rows * mean)))
            filled, padding = min(rows, wish.step_rows) * mean, 0.0
        else:
            tokens = rows * longest
            padding = padding_share(lengths, order, rows if cuda else wish.batch_size)
            filled = rows * mean / (1 - padding)
        plan = TrainingPlan(
            engine=engine,
            method=method,
            dtype=wish.dtype,
            checkpointing=checkpointing,
            micro_batch=rows,
            micro_tokens=tokens,
            packing=packing,
        )
        setting = MemorySetting(
            engine=engine,
            method=method,
            checkpointing=checkpointing,
            dtype=wish.dtype,
            micro_tokens=tokens,
            lora_r=wish.lora_r,
            targets=wish.targets,
            optimizer=wish.optimizer,
            device=capability.card.device,
            trained_share=wish.trained_share,
            dora=wish.dora,
            dropout=wish.dropout,
        )
        seconds = _seconds(capability.card, shape, wish, plan, mean=mean, filled=filled, padding=padding)
        yield _Choice(plan, predict_memory(shape, setting), seconds)


def _rows_of_a_pass(rows: int, *, packing: bool) -> list[int]:
    """From all rows of a step down to one, in halves; packed passes may also be a third, a fifth and so on, as the
    rows that do not fill the last one cost no padding."""
    if not packing:
        return [rows >> halved for halved in range(rows.bit_length())]
    passes = [*range(1, 8), *(eighth << doubled for doubled in range(rows.bit_length()) for eighth in range(8, 16))]
    return sorted({math.ceil(rows / count) for count in passes}, reverse=True)


def _whole_blocks(tokens: int) -> int:
    """As many as the tensors of a pass get."""
    return math.ceil(tokens / BLOCK_TOKENS) * BLOCK_TOKENS


def _seconds(
    card: Card, shape: ModelShape, wish: Wish, plan: TrainingPlan, *, mean: float, filled: float, padding: float
) -> float:
    """Time of all steps. `filled`: positions of a pass, `padding`: the share of them that is padding."""
    positions = wish.steps * wish.step_rows * mean / (1 - padding)
    flops = flops_per_token(shape, plan.method, plan.checkpointing, mean, wish.trained_share)
    peak, _ = peak_flops(card, plan.dtype)
    if card.device == "cpu":
        return positions * flops / peak
    share = efficiency(plan.engine, plan.method, plan.checkpointing) * saturation(plan.method, filled)
    return positions * flops / (peak * share)


def _others(taken: _Choice, choices: Sequence[_Choice], room: int) -> Iterator[Alternative]:
    """The best of every other engine, method and checkpointing, and why it was not taken."""
    seen = {(taken.plan.engine, taken.plan.method, taken.plan.checkpointing)}
    for choice in sorted(choices, key=lambda one: (one.forecast.total > room, one.seconds)):
        key = (choice.plan.engine, choice.plan.method, choice.plan.checkpointing)
        if key in seen:
            continue
        seen.add(key)
        if choice.forecast.total > room:
            least = min(
                (one for one in choices if (one.plan.engine, one.plan.method, one.plan.checkpointing) == key),
                key=lambda one: one.forecast.total,
            )
            yield Alternative(least.words, f"needs {_gib(least.forecast.total)}, and {_gib(room)} may be used")
        else:
            ratio = choice.seconds / taken.seconds
            slower = f"takes {ratio:.2f} times as long" if ratio >= _CLOSE else "no faster, and further from the base"
            yield Alternative(choice.words, slower)


def _impossible(card: Card, wish: Wish, refused: Sequence[Alternative]) -> ModelError:
    asked = ", ".join(
        f"{name} {value}"
        for name, value in (("method", wish.method), ("engine", wish.engine), ("optimizer", wish.optimizer))
        if value not in ("auto", "adamw")
    )
    return ModelError(
        f"{card.name} cannot train with {asked or 'these settings'}",
        where="; ".join(f"{one.what}: {one.why}" for one in refused),
        next_step="set train.method and train.engine to auto and train.optimizer to adamw, or use another card",
    )


def _too_little(card: Card, room: int, choices: Sequence[_Choice], wish: Wish) -> ResourceError:
    least = min(choices, key=lambda one: one.forecast.total)
    limited = " (train.memory_limit_gib)" if wish.memory_limit_bytes and room < 0.9 * card.memory_bytes else ""
    steps = ["lower train.max_seq_length and prepare.max_tokens", "use a smaller base or a card with more memory"]
    if wish.method != "auto":
        steps.insert(0, "set train.method to auto")
    return ResourceError(
        f"this training does not fit: {_gib(room)} of {card.name} may be used{limited}, and the smallest choice "
        f"({least.words}) needs {_gib(least.forecast.total)}",
        where=", ".join(f"{name} {_gib(size)}" for name, size in least.forecast.parts().items() if size > 1 << 27),
        next_step="; or ".join(steps),
    )


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"
