import time

import pytest

from medtune.core.errors import ServerError
from medtune.llm.client import ChatClient
from medtune.llm.messages import Decoding, Message
from medtune.llm.scripted import Answer, Drop, Hang, ScriptedServer, Status, Step

HELLO: list[Message] = [{"role": "user", "content": "Hello"}]


def test_steps_are_taken_in_order_and_the_last_one_repeats() -> None:
    with ScriptedServer([Answer("one"), Answer("two")]) as server, ChatClient(server.base_url) as client:
        assert [client.chat(HELLO, Decoding()).text for _ in range(3)] == ["one", "two", "two"]
        assert len(server.requests) == 3


def test_a_function_can_answer_what_was_asked() -> None:
    def echo(messages: list[Message]) -> Step:
        return Answer(messages[-1]["content"].upper())

    with ScriptedServer(echo) as server, ChatClient(server.base_url) as client:
        assert client.chat(HELLO, Decoding()).text == "HELLO"


def test_an_empty_script_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        ScriptedServer([])


def test_a_delay_is_real() -> None:
    with ScriptedServer([Answer("late", delay_s=0.2)]) as server, ChatClient(server.base_url) as client:
        assert client.chat(HELLO, Decoding()).seconds >= 0.2


def test_other_paths_are_not_found_and_models_are_listed() -> None:
    with ScriptedServer([Drop()]) as server, ChatClient(server.base_url) as client:
        assert client.get("/health") == {"status": "ok"}
        assert client.get("/v1/models")["data"][0]["id"] == "scripted"
        with pytest.raises(ServerError, match="404"):
            client.post("/v1/embeddings", {})


def test_closing_does_not_wait_for_a_hanging_answer() -> None:
    began = time.monotonic()
    with (
        ScriptedServer([Hang(60)]) as server,
        ChatClient(server.base_url, timeout_s=0.2) as client,
        pytest.raises(ServerError),
    ):
        client.chat(HELLO, Decoding())
    assert time.monotonic() - began < 5


def test_an_error_carries_its_message() -> None:
    with (
        ScriptedServer([Status(404, message="no such model")]) as server,
        ChatClient(server.base_url) as client,
        pytest.raises(ServerError, match="404 Not Found: no such model"),
    ):
        client.chat(HELLO, Decoding())
