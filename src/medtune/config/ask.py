"""`suites:` what is asked, and `ask:` how."""

from pydantic import Field

from medtune.config.base import Section


def is_suite_file(name: str) -> bool:
    """True when a recipe names a suite file of the site instead of a suite that medtune brings."""
    return "/" in name or name.endswith((".yaml", ".yml"))


class SuitesSection(Section):
    """What is asked of the base, the tuned model and every quantization."""

    names: tuple[str, ...] = ("emergency-demo",)
    """Suites that are asked beside the held-out examples of the task (`medtune suites list`), and suite files of your
    own, relative to the recipe (`./ours/ward.yaml`)."""
    held_out: int = Field(default=200, ge=1)
    """At most so many held-out examples of the test split are asked."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many cases of each suite and of the held-out examples: for a quick try, never for a verdict."""
    locale: str | None = Field(default=None, pattern=r"^[A-Za-z]{2}$")
    """Country (ISO 3166, e.g. GB) in which the model will be used: its emergency number and its ranges of doses and
    times are the right ones. Cases that play elsewhere say so themselves."""


class AskSection(Section):
    """How the questions are put: by default one slot a server and no prompt cache, so that a build always answers the
    same."""

    threads: int | None = Field(default=None, ge=1)
    """Threads of each model server. When left out: one for a small model on a CPU, whose servers work side
    by side, else all cores."""
    max_tokens: int | None = Field(default=None, ge=16)
    """Longest answer in tokens; the task's own limit when left out."""
    timeout_s: float = Field(default=120.0, gt=0.0)
    """Longest wait for one answer."""
    slots: int = Field(default=1, ge=1, le=64)
    """Questions that one server answers at the same time. More than one is quicker on a GPU, but then the same question
    can get another answer: how often is measured by asking F16 twice, and stands in the report."""
    samples: int = Field(default=0, ge=0, le=100)
    """Answers to each critical case that are drawn beside the greedy one, each with a seed of its own. A clinical gate
    wants at least `audit.gate.samples`."""
    sample_temperature: float = Field(default=0.7, gt=0.0, le=2.0)
    """Temperature of these samples: what the deployment will use."""
    sample_top_p: float = Field(default=0.95, gt=0.0, le=1.0)
    """Nucleus of these samples (0 to 1)."""
