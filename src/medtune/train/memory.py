"""Out of memory all the same: what every engine does then."""

from medtune.core.errors import ResourceError
from medtune.train.planner.plan import TrainingPlan


def smaller(micro_batch: int) -> int | None:
    """Rows of a pass after running out of memory: half of them, or None when one row was too much."""
    return micro_batch // 2 if micro_batch > 1 else None


def does_not_fit(plan: TrainingPlan, step: int, longest: int) -> ResourceError:
    """The error when even one row in a pass is too much. `longest`: tokens of the step's longest row."""
    advice = []
    if plan.checkpointing != "full":
        advice.append("set train.checkpointing to full")
    if plan.method in ("lora", "fp8", "full"):
        advice.append("set train.method to qlora (NF4 base weights; needs an NVIDIA card)")
    advice.append("lower train.max_seq_length and prepare.max_tokens")
    return ResourceError(
        f"out of memory: one row of {longest} tokens does not fit beside the model ({plan.method}, "
        f"checkpointing {plan.checkpointing})",
        where=f"step {step}",
        next_step="; or ".join(advice) + "; or use a card with more memory. The finished checkpoints are kept",
    )
