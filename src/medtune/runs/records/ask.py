"""05-ask: cases.jsonl and responses.jsonl."""

from typing import Literal

from medtune.runs.records.base import Row
from medtune.runs.records.collect import Turn


class AskedCase(Row):
    """One question that every build was asked."""

    id: str
    suite: str
    """`held-out` for the test split, else the suite's name."""
    cluster: str
    """Cases of one cluster are not independent (a topic, a scenario)."""
    messages: tuple[Turn, ...]
    """System and user turns; the assistant's turn is what is asked for."""
    gated: bool
    """True when the answers count for the verdict; else they are only shown."""
    contract: str
    """The task whose output contract the answer must meet; empty when none applies."""
    severity: int
    """1 (style) to 5 (life)."""
    public: bool
    """True when the report may show its text."""
    scenario: str = ""
    """Id of the suite's case; empty for held-out examples. Wordings of one case share it."""
    category: str = ""
    critical: bool = False
    """True when it is also asked at the deployed settings, several times."""
    clinical: bool = False
    """True when the answers count for a clinical verdict."""


class Response(Row):
    """One answer of one build."""

    case: str
    build: str
    sample: int
    """0 is the greedy answer."""
    text: str
    finish_reason: Literal["stop", "length", "error"]
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    seed: int | None = None
    """Of a sample; the greedy answer has none."""
