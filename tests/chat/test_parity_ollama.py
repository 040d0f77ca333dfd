"""Prompts through Ollama: against a strict stand-in of its API, and against a real one where OLLAMA_HOST answers."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from exportrun import write_base
from fake_ollama import FakeOllama

from medtune.chat import tokenizer_lines
from medtune.chat.parity import check_parity
from medtune.chat.parity_ollama import measure_ollama, ollama_address, reach_ollama
from medtune.chat.template import ChatTokenizer, load_tokenizer
from medtune.core.errors import EgressError, ModelError, ServerError
from medtune.llamacpp.convert import to_gguf
from medtune.llamacpp.toolchain import Toolchain

MODEL = "medtune-parity"


@pytest.fixture(scope="module")
def model(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> tuple[ChatTokenizer, Path]:
    """A small model's tokenizer and its GGUF, which read text alike."""
    folder = tmp_path_factory.mktemp("ollama")
    gguf = folder / "model.gguf"
    to_gguf(toolchain, write_base(folder / "base"), gguf, metadata={}, log=folder / "log")
    return load_tokenizer(folder / "base"), gguf


@pytest.fixture(scope="module")
def tokenizer(model: tuple[ChatTokenizer, Path]) -> ChatTokenizer:
    return model[0]


@pytest.fixture(scope="module")
def read(toolchain: Toolchain, model: tuple[ChatTokenizer, Path]) -> Any:
    def tokenize(texts: Sequence[str]) -> list[list[int]]:
        return tokenizer_lines.tokenize_gguf(toolchain, model[1], texts)

    return tokenize


def fake(tokenizer: ChatTokenizer, read: Any, before: str = "", **named: Any) -> FakeOllama:
    def render(messages: list[dict[str, str]]) -> str:
        text = tokenizer.hf.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return before + str(text)

    return FakeOllama(MODEL, render, lambda text: len(tokenizer.hf.backend_tokenizer.encode(text).ids), **named)


def test_the_same_prompts_are_equal(tokenizer: ChatTokenizer, read: Any) -> None:
    with fake(tokenizer, read) as server:
        assert reach_ollama(server.address) == "0.12.6"
        checks = measure_ollama(server.address, MODEL, tokenizer, read)
    assert len(checks) == 48 and all(check.path == "ollama" for check in checks)
    assert [check.difference for check in checks if check.difference] == []
    assert all(check.counted == check.tokens for check in checks)
    assert check_parity(checks, server.address) == 48
    sent = [text for body in server.requests for text in (one["content"] for one in body["messages"])]
    assert not any(mark in text for text in sent for mark in tokenizer.control.tokens)
    assert sum(body.get("_debug_render_only", False) for body in server.requests) == 48


def test_a_second_start_token_is_caught(tokenizer: ChatTokenizer, read: Any) -> None:
    with fake(tokenizer, read, before="<s>") as server:
        checks = measure_ollama(server.address, MODEL, tokenizer, read)
    with pytest.raises(ModelError, match=r"48 of 48 prompts .* through ollama, token \d+: trained"):
        check_parity(checks, server.address)


def test_a_count_of_its_own_is_caught(tokenizer: ChatTokenizer, read: Any) -> None:
    with fake(tokenizer, read) as server:
        server.count = lambda text: 7
        checks = measure_ollama(server.address, MODEL, tokenizer, read)
    with pytest.raises(ModelError, match="a real call counts 7 prompt tokens"):
        check_parity(checks, server.address)


def test_one_that_does_not_count_is_compared_by_tokens(tokenizer: ChatTokenizer, read: Any) -> None:
    with fake(tokenizer, read, counts=False) as server:
        checks = measure_ollama(server.address, MODEL, tokenizer, read)
    assert all(check.equal and check.counted is None for check in checks)


def test_what_cannot_be_compared_is_said(tokenizer: ChatTokenizer, read: Any) -> None:
    with fake(tokenizer, read, shows=False) as server:
        with pytest.raises(ServerError, match="does not show what it renders"):
            measure_ollama(server.address, MODEL, tokenizer, read)
        with pytest.raises(ServerError, match="404"):
            measure_ollama(server.address, "another", tokenizer, read)
    assert reach_ollama(server.address) == ""
    assert reach_ollama("http://ollama.example") == ""
    with pytest.raises(EgressError):
        measure_ollama("http://ollama.example", MODEL, tokenizer, read)


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::1]", "http://[::1]:11434"),
        ("http://localhost:1/", "http://localhost:1"),
        ("https://box", "https://box:443"),
        ("http://box", "http://box:80"),
    ],
)
def test_the_address(named: str, address: str) -> None:
    assert ollama_address([("OLLAMA_HOST", named)] if named else []) == address


def test_a_real_ollama(tokenizer: ChatTokenizer, read: Any) -> None:
    """Asks the model that MEDTUNE_TEST_OLLAMA_MODEL names; it must be made of the toy GGUF's tokenizer."""
    model = os.environ.get("MEDTUNE_TEST_OLLAMA_MODEL")
    if not model or not os.environ.get("OLLAMA_HOST") or not reach_ollama(ollama_address()):
        pytest.skip("no Ollama answers at OLLAMA_HOST, or MEDTUNE_TEST_OLLAMA_MODEL names no model")
    assert check_parity(measure_ollama(ollama_address(), model, tokenizer, read), model) == 48
