"""A conversation that grows too long loses its oldest exchanges, never its system turn or the question."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from medtune.cli import talk
from medtune.llm.control import Control
from medtune.llm.messages import Decoding, Message
from medtune.llm.server import LlamaServer


def conversation(exchanges: int) -> list[Message]:
    turns: list[Message] = [{"role": "system", "content": "s" * 10}]
    for number in range(exchanges):
        turns.append({"role": "user", "content": f"{number}" * 10})
        turns.append({"role": "assistant", "content": "a" * 10})
    return [*turns, {"role": "user", "content": "q" * 10}]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> LlamaServer:
    """One token a character, a context of 100 tokens."""
    monkeypatch.setattr(talk, "props", lambda client: {"default_generation_settings": {"n_ctx": 100}})
    monkeypatch.setattr(talk, "apply_template", lambda client, turns: "".join(turn["content"] for turn in turns))
    monkeypatch.setattr(talk, "tokenize", lambda client, text: list(text))
    return cast(LlamaServer, SimpleNamespace(client=None, control=Control(frozenset(), frozenset())))


@pytest.mark.parametrize(("exchanges", "kept"), [(0, 2), (1, 4), (2, 6), (3, 6), (9, 6)])
def test_the_oldest_exchanges_go_first(server: LlamaServer, exchanges: int, kept: int) -> None:
    turns = talk.fitted(server, conversation(exchanges), Decoding(max_tokens=40))
    assert len(turns) == kept
    assert turns[0]["role"] == "system" and turns[-1]["content"] == "q" * 10
    assert turns[1:] == conversation(exchanges)[-(kept - 1) :]


def test_a_server_that_does_not_tell_its_context_is_sent_everything(
    server: LlamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "props", lambda client: cast(dict[str, Any], {}))
    assert talk.fitted(server, conversation(9), Decoding(max_tokens=40)) == conversation(9)
