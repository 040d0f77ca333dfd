"""Every plan that engines and card can do: methods, checkpointing, sizes of a pass; with memory and time. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medtune.train.batches import batch_order, padding_share
from medtune.train.capability import Capability, Card
from medtune.train.fast.passes import BLOCK_TOKENS
from medtune.train.planner.memory import MemoryForecast, MemorySetting, predict_memory
from medtune.train.planner.plan import Alternative, Checkpointing, EngineName, Method, TrainingPlan
from medtune.train.planner.rates import efficiency, flops_per_token, peak_flops, saturation
from medtune.train.planner.shape import ModelShape
from medtune.train.planner.wish import Wish

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


@dataclass(frozen=True)
class Choice:
    """A plan that could be taken, with what it takes."""

    plan: TrainingPlan
    forecast: MemoryForecast
    seconds: float

    @property
    def words(self) -> str:
        """Engine, method, what is computed again, and the size of a pass."""
        plan = self.plan
        size = f"{plan.micro_tokens} tokens" if plan.packing else f"{plan.micro_batch} rows"
        kept = {"none": "nothing computed again", "selective": "every second layer computed again"}
        return f"{plan.engine} {plan.method}, {kept.get(plan.checkpointing, 'all computed again')}, {size} a pass"


def candidates(
    capability: Capability, shape: ModelShape, lengths: Sequence[int], wish: Wish, refused: list[Alternative]
) -> Iterator[Choice]:
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
) -> Iterator[Choice]:
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
        yield Choice(plan, predict_memory(shape, setting), seconds)


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
