"""The training curve and what was measured on the way."""

from typing import Any

from medtune.report.load import Loaded


def training(run: Loaded) -> dict[str, Any]:
    """Points of both curves, the best validation, and the settings as train saw them."""
    validation = [metric for metric in run.metrics if metric.kind == "validation"]
    train = [metric for metric in run.metrics if metric.kind == "train"]
    best = min(validation, key=lambda metric: metric.loss, default=None)
    figures = {**run.manifests["train"].facts, **run.training}
    plan = figures.pop("plan", None)
    return {
        "train": [
            {
                "step": metric.step,
                "loss": metric.loss,
                "tokens_per_s": metric.tokens_per_s,
                "limit_share": metric.limit_share,
                "memory_bytes": metric.memory_bytes,
            }
            for metric in train
        ],
        "validation": [
            {"step": metric.step, "loss": metric.loss, "perplexity": metric.perplexity} for metric in validation
        ],
        "best": {"step": best.step, "loss": best.loss, "perplexity": best.perplexity} if best else None,
        "plan": plan,
        "seconds": run.manifests["train"].seconds,
        "settings": {key: value for key, value in sorted(run.section("train", "train").items()) if value is not None},
        "figures": {key: figures[key] for key in sorted(figures) if isinstance(figures[key], int | float | str | dict)},
    }
