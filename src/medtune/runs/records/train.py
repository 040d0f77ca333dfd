"""03-train: metrics.jsonl."""

from typing import Literal

from medtune.runs.records.base import Row


class Metric(Row):
    """One point of the training curve."""

    kind: Literal["train", "validation"]
    step: int
    epoch: float
    loss: float
    """Mean negative log-likelihood of a trained token, in nats."""
    perplexity: float | None = None
    """exp(loss); validation points only."""
    learning_rate: float | None = None
    tokens_per_s: float | None = None
    """Trained and context tokens, without padding."""
    limit_share: float | None = None
    """tokens_per_s as a share of what the card's arithmetic allows (0 to 1)."""
    memory_bytes: int | None = None
    """Most memory that was taken on the card so far."""
