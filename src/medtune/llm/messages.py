"""What is said to a model, and how its answer is drawn."""

from dataclasses import dataclass
from typing import Literal, TypedDict

Role = Literal["system", "user", "assistant"]


class Message(TypedDict):
    """One turn of a conversation, in the form that chat templates and the OpenAI protocol share."""

    role: Role
    content: str


@dataclass(frozen=True)
class Decoding:
    """How an answer is drawn. The defaults are greedy: the same prompt gives the same answer.

    `max_tokens` counts new tokens. `top_k` (0: no limit), `repeat_penalty` (1: none) and `repeat_last_n` (tokens that
    count as a repetition) are sent to llama-server only, as the protocol lacks them.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 512
    seed: int = 0
    stop: tuple[str, ...] = ()
    repeat_penalty: float = 1.0
    repeat_last_n: int = 64


@dataclass(frozen=True)
class Reply:
    """An answer. `finish_reason` is "stop" (the model ended it) or "length" (it was cut at `max_tokens`)."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
