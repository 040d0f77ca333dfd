"""Prompts as Ollama makes them, against those of training.

Ollama shows what it renders when a chat request holds `_debug_render_only` (api/types.go, `DebugRenderOnly`; the answer
has `_debug_info.rendered_template`) and counts the prompt of a real call (`prompt_eval_count`). It has no request that
tokenizes, so its rendering is read by the tokenizer inside the same GGUF.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

from medtune.chat.parity import compared, own_conversations, own_ids, refused
from medtune.chat.template import ChatTokenizer
from medtune.core.errors import EgressError, ServerError
from medtune.core.net import Egress
from medtune.llm.client import ChatClient
from medtune.llm.messages import Message
from medtune.runs.records.proof import ParityCheck

OLLAMA = "ollama"
USUAL_ADDRESS = "http://127.0.0.1:11434"
_PROBE_S = 2.0
_SPARE_TOKENS = 64


def ollama_address(environ: Sequence[tuple[str, str]] | None = None) -> str:
    """Where Ollama answers, as its own command line reads OLLAMA_HOST: `host`, `host:port` or a whole address."""
    named = dict(os.environ.items() if environ is None else environ).get("OLLAMA_HOST", "").strip().strip("\"'")
    if not named:
        return USUAL_ADDRESS
    scheme, _, rest = named.rpartition("://")
    host, colon, port = rest.rstrip("/").rpartition(":")
    if not colon or (rest.startswith("[") and rest.endswith("]")):
        host, port = rest.rstrip("/"), {"http": "80", "https": "443"}.get(scheme, "11434")
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    return f"{scheme or 'http'}://{host}:{port}"


def reach_ollama(address: str, *, egress: Egress | None = None) -> str:
    """Ollama's version, or nothing when nobody answers there or the recipe does not allow that host."""
    try:
        with ChatClient(address, egress=egress, timeout_s=_PROBE_S, retries=0) as client:
            answer = client.get("/api/version")
    except (ServerError, EgressError):
        return ""
    return str(answer.get("version", "")) if isinstance(answer, dict) else ""


def measure_ollama(
    address: str,
    model: str,
    tokenizer: ChatTokenizer,
    tokenize: Callable[[Sequence[str]], Sequence[Sequence[int]]],
    *,
    egress: Egress | None = None,
    timeout_s: float = 300.0,
) -> list[ParityCheck]:
    """Every conversation of `own_conversations` with a model that Ollama has.

    `tokenize` reads texts with the tokenizer inside the model's GGUF, added tokens included. Raises ServerError: nobody
    there, no such model, or an Ollama that does not know `_debug_render_only` (0.12 does); EgressError; ModelError.
    """
    prompts = [(one, own_ids(tokenizer, one.turns)) for one in own_conversations(tokenizer)]
    room = max((len(ids) for _, ids in prompts if ids), default=0) + _SPARE_TOKENS
    with ChatClient(address, egress=egress, timeout_s=timeout_s) as client:
        asked = [
            (
                one,
                ids,
                tokenizer.control.messages([Message(role=turn.role, content=turn.content) for turn in one.turns]),
            )
            for one, ids in prompts
            if ids is not None
        ]
        rendered = [_rendered(client, model, messages, room) for _, _, messages in asked]
        served = tokenize(rendered)
        rows = [
            compared(OLLAMA, one, tokenizer, trained=ids, served=found, counted=_counted(client, model, messages, room))
            for (one, ids, messages), found in zip(asked, served, strict=True)
        ]
    return rows + [refused(OLLAMA, one) for one, ids in prompts if ids is None]


def _rendered(client: ChatClient, model: str, messages: Sequence[Message], room: int) -> str:
    answer = client.post("/api/chat", {**_body(model, messages, room), "_debug_render_only": True})
    info = answer.get("_debug_info") if isinstance(answer, dict) else None
    text = info.get("rendered_template") if isinstance(info, dict) else None
    if not isinstance(text, str):
        raise ServerError(
            "this Ollama does not show what it renders",
            where=client.base_url,
            next_step="use a newer Ollama: prompts can only be compared where `_debug_render_only` is known",
        )
    return text


def _counted(client: ChatClient, model: str, messages: Sequence[Message], room: int) -> int | None:
    """Prompt tokens of a real call; None when it does not say (an older one leaves cached prompts out)."""
    answer = client.post("/api/chat", _body(model, messages, room))
    count = answer.get("prompt_eval_count") if isinstance(answer, dict) else None
    return count if isinstance(count, int) else None


def _body(model: str, messages: Sequence[Message], room: int) -> dict[str, Any]:
    """One new token, greedy, nothing cut off: a prompt that does not fit is an error and not a shorter prompt."""
    return {
        "model": model,
        "messages": [dict(message) for message in messages],
        "stream": False,
        "truncate": False,
        "options": {"num_ctx": room, "num_predict": 1, "temperature": 0},
    }
