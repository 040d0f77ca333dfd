"""A task: what a model is tuned for, what it is told, and the form that its answers must have."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from medtune.core.hashing import digest_json, sha256_text
from medtune.core.text import fold
from medtune.llm.messages import Decoding

FORM_ONLY_NOTE = "form only: the words are not medically right"
"""Said wherever a verdict of scope `form` is shown."""

TOPIC = "{topic}"
"""Where a prompt takes the topic."""


class TaskDecoding(BaseModel):
    """How answers of this task are drawn when they decide a verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    temperature: float = Field(ge=0.0)
    """0 is greedy: the same prompt gives the same answer."""
    max_tokens: int = Field(ge=16)
    """Longest answer in new tokens; an answer that reaches it counts as cut off."""
    repeat_penalty: float = Field(default=1.0, ge=1.0, le=2.0)
    """Divides the score of tokens that stand among the last `repeat_last_n` already; 1 leaves them alone. It is part of
    what is audited, and the released Modelfile sets the same."""
    repeat_last_n: int = Field(default=64, ge=0)
    """So many of the latest tokens count as a repetition, prompt included."""

    def settings(self, *, max_tokens: int | None = None, seed: int = 0) -> Decoding:
        """These settings as they are sent to a model server; `max_tokens` replaces the task's own limit."""
        return Decoding(
            temperature=self.temperature,
            max_tokens=max_tokens or self.max_tokens,
            seed=seed,
            repeat_penalty=self.repeat_penalty,
            repeat_last_n=self.repeat_last_n,
        )


class Task(BaseModel):
    """One task, as its task.yaml describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    """Name of the task and of its folder."""
    title: str
    """What reports call it."""
    system: str
    """System turn of every prompt, in training as in use."""
    prompts: tuple[str, ...] = Field(min_length=1)
    """Ways to ask, each with `{topic}` exactly once. Training and the held-out questions use all of them."""
    parts: tuple[str, ...] = Field(min_length=1)
    """Headings of the answer, in order."""
    min_words: int = Field(ge=1)
    """A body with fewer words is too short."""
    decoding: TaskDecoding
    """How answers are drawn."""
    disclaimer: str
    """Stands under every answer that a person is shown."""
    smoke: tuple[str, ...]
    """Questions for a quick look at a build, never for a verdict."""
    scope: str
    """What an audit of this task can show, and what it cannot."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if any(prompt.count(TOPIC) != 1 for prompt in self.prompts):
            raise ValueError("each prompt takes {topic} exactly once")
        if len({fold(part) for part in self.parts}) != len(self.parts):
            raise ValueError("each heading may stand only once")
        return self

    def prompt(self, topic: str) -> str:
        """The user turn for a topic. Which of the prompts is taken depends on the folded topic alone."""
        choice = int(sha256_text(fold(topic))[:8], 16) % len(self.prompts)
        return self.prompts[choice].replace(TOPIC, topic.strip())

    @property
    def digest(self) -> str:
        """Hex sha256 of everything in the task."""
        return digest_json(self.model_dump(mode="json"))
