"""From card, model, lengths and wishes to one plan: the fastest that fits, with its reasons. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from medtune.core.errors import ModelError, ResourceError
from medtune.train.capability import Capability, Card, Dtype, capability_of
from medtune.train.planner.candidates import Choice, candidates
from medtune.train.planner.plan import Alternative, Method, TrainingPlan
from medtune.train.planner.shape import ModelShape
from medtune.train.planner.wish import Wish

MARGIN = 0.03
"""Share of the memory that is left free: forecasts are not exact, and other processes breathe."""
_CLOSE = 1.02
"""Times that differ by less than this factor count as the same; then the nearer method to the base's own type wins."""
_FIDELITY: tuple[Method, ...] = ("full", "lora", "fp8", "qlora")


def choose(card: Card, shape: ModelShape, lengths: Sequence[int], wish: Wish) -> TrainingPlan:
    """The fastest plan that fits, its effective batch that of the recipe; `lengths`: tokens of each training row.

    Raises ModelError when the card cannot do what the recipe asks for, ResourceError when nothing fits.
    """
    capability = capability_of(card)
    dtype = _dtype(capability, wish)
    refused: list[Alternative] = []
    choices = list(candidates(capability, shape, lengths, replace(wish, dtype=dtype), refused))
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


def _others(taken: Choice, choices: Sequence[Choice], room: int) -> Iterator[Alternative]:
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


def _too_little(card: Card, room: int, choices: Sequence[Choice], wish: Wish) -> ResourceError:
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
