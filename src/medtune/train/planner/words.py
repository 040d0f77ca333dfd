"""A plan in words, for `medtune doctor` and `--dry-run`."""

from medtune.train.capability import Card
from medtune.train.planner.plan import TrainingPlan


def plan_lines(plan: TrainingPlan, card: Card, assumed: int | None) -> list[str]:
    """The choice, its reasons and what was rejected. `assumed`: row length counted with while there are no rows."""
    lines = [
        f"card: {card.name}, {card.memory_bytes / 2**30:.1f} GiB",
        f"plan: engine {plan.engine}, method {plan.method}, {plan.dtype}, checkpointing {plan.checkpointing}, "
        f"{plan.micro_batch} rows or {plan.micro_tokens} tokens a pass{', packed' if plan.packing else ''}",
    ]
    if plan.memory_bytes is not None and plan.seconds is not None:
        memory = "RAM" if card.device == "cpu" else "memory of the card"
        rows = f", if every row had {assumed} tokens" if assumed else ""
        lines.append(f"forecast: {plan.memory_bytes / 2**30:.1f} GiB of {memory}, about {_time(plan.seconds)}{rows}")
    lines += [f"why: {reason}" for reason in plan.why]
    lines += [f"not taken: {other.what}: {other.why}" for other in plan.alternatives]
    return lines


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
