"""`suites:` what is asked, and `ask:` how."""

from pydantic import Field

from medtune.config.base import Section


class SuitesSection(Section):
    """What is asked of the base, the tuned model and every quantization."""

    names: tuple[str, ...] = ("emergency",)
    """Suites that are asked beside the held-out examples of the task."""
    held_out: int = Field(default=200, ge=1)
    """At most so many held-out examples of the test split are asked."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many cases of each suite and of the held-out examples: for a quick try, never for a verdict."""


class AskSection(Section):
    """How the questions are put: one slot a server and no prompt cache, so that a build always answers the same."""

    threads: int | None = Field(default=None, ge=1)
    """Threads of each model server. When left out: one for a small model on a CPU, whose servers work side
    by side, else all cores."""
    max_tokens: int | None = Field(default=None, ge=16)
    """Longest answer in tokens; the task's own limit when left out."""
    timeout_s: float = Field(default=120.0, gt=0.0)
    """Longest wait for one answer."""
