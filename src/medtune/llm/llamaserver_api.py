"""What llama-server answers beyond the OpenAI protocol: its template, its tokenizer, its state."""

from collections.abc import Sequence
from typing import Any

from medtune.core.errors import ServerError
from medtune.llm.client import ChatClient
from medtune.llm.messages import Message


def apply_template(client: ChatClient, messages: Sequence[Message]) -> str:
    """The prompt text that the server makes of a conversation with the model's own chat template."""
    answer = client.post("/apply-template", {"messages": [dict(message) for message in messages]})
    return str(_field(client, answer, "prompt", str))


def tokenize(client: ChatClient, text: str, *, add_special: bool = True) -> list[int]:
    """Token ids of a text; chat markers in it count as the tokens that they are.

    `add_special` puts the model's start-of-text token in front when its tokenizer asks for one.
    """
    body = {"content": text, "add_special": add_special, "parse_special": True}
    tokens = _field(client, client.post("/tokenize", body), "tokens", list)
    return [int(token) for token in tokens]


def props(client: ChatClient) -> dict[str, Any]:
    """The server's properties: `chat_template`, `model_path`, `default_generation_settings`, …"""
    answer = client.get("/props")
    if not isinstance(answer, dict):
        raise _unlike(client)
    return answer


def _field(client: ChatClient, answer: Any, name: str, kind: type) -> Any:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise _unlike(client)
    return value


def _unlike(client: ChatClient) -> ServerError:
    return ServerError(
        "this server does not answer like llama-server", where=client.base_url, next_step="use the pinned llama.cpp"
    )
