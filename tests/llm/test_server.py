import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from medtune.core.errors import ModelError, ServerError
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm import llamaserver_api as api
from medtune.llm import server as module
from medtune.llm.client import ChatClient
from medtune.llm.messages import Decoding, Message
from medtune.llm.server import LlamaServer

ASK: list[Message] = [{"role": "user", "content": "What is asthma?"}]
SHORT = Decoding(max_tokens=24)


@pytest.fixture(scope="module")
def running(toolchain: Toolchain, toy_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    with LlamaServer(toolchain, toy_gguf, log=log, threads=1, ctx_size=256) as server:
        yield server


def kill(server: LlamaServer) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)


def test_the_same_question_gets_the_same_answer(running: LlamaServer) -> None:
    first, other, again = (
        running.chat(ASK, SHORT),
        running.chat([{"role": "user", "content": "Hello"}], SHORT),
        running.chat(ASK, SHORT),
    )
    assert first.completion_tokens == 24 and first.finish_reason == "length"
    assert first.text == again.text
    assert first.prompt_tokens == again.prompt_tokens > other.prompt_tokens


def test_a_seed_decides_a_drawn_answer(running: LlamaServer) -> None:
    answers = [running.chat(ASK, Decoding(temperature=1.0, seed=seed, max_tokens=24)).text for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]


def test_the_stream_is_the_answer(running: LlamaServer) -> None:
    whole = running.chat(ASK, SHORT).text
    streamed = "".join(running.stream(ASK, SHORT))
    # random weights write broken UTF-8; a stream holds back a cut character at the end
    assert streamed.replace("\ufffd", "")[:10] == whole.replace("\ufffd", "")[:10]


def test_template_and_tokenizer_are_those_of_the_model(running: LlamaServer) -> None:
    prompt = api.apply_template(running.client, ASK)
    assert prompt == "<s><|user|>What is asthma?<|end|><|assistant|>"
    tokens = api.tokenize(running.client, "<|user|>hi<|end|>", add_special=False)
    assert len(tokens) == 4
    assert tokens[-1] == api.tokenize(running.client, "<|end|>", add_special=False)[-1]
    assert Path(str(api.props(running.client)["model_path"])).name == "toy-F16.gguf"


def test_nobody_else_can_ask_it(running: LlamaServer) -> None:
    with ChatClient(running.base_url) as stranger, pytest.raises(ServerError, match="401"):
        stranger.chat(ASK, SHORT)
    connections = [c for c in psutil.Process(running.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {c.laddr.ip for c in connections} == {"127.0.0.1"}
    assert running._key not in " ".join(psutil.Process(running.pid).cmdline())


def test_its_log_holds_no_question_and_no_answer(running: LlamaServer) -> None:
    running.chat([{"role": "user", "content": "Zebrafish asthma"}], SHORT)
    log = running.log.read_text("utf-8", "replace")
    assert "model loaded" in log
    assert "ebrafish" not in log


def test_a_dead_server_is_restarted_once(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    with LlamaServer(toolchain, toy_gguf, log=tmp_path / "s.log", threads=1, ctx_size=256) as server:
        answer, pid = server.chat(ASK, SHORT).text, server.pid
        kill(server)
        assert server.chat(ASK, SHORT).text == answer
        assert server.restarts == 1 and server.pid != pid
        kill(server)
        with pytest.raises(ServerError, match=r"died \(signal 9, after one restart\)") as caught:
            server.chat(ASK, SHORT)
        assert "| " in caught.value.what and str(tmp_path / "s.log") in str(caught.value)


def test_a_dead_server_is_restarted_before_a_stream(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    with LlamaServer(toolchain, toy_gguf, log=tmp_path / "s.log", threads=1, ctx_size=256) as server:
        kill(server)
        assert server._child is not None
        server._child.process.wait(5)
        assert "".join(server.stream(ASK, SHORT))
        assert server.restarts == 1


def test_leaving_the_with_ends_it(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    with LlamaServer(toolchain, toy_gguf, log=tmp_path / "s.log", threads=1, ctx_size=256) as server:
        pid = server.pid
    assert pid is not None and not psutil.pid_exists(pid)
    assert server.pid is None
    with pytest.raises(ServerError, match="not running"):
        server.chat(ASK, SHORT)


def test_a_taken_port_is_not_used(
    toolchain: Toolchain, toy_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module._free_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        ports = iter([taken])
        monkeypatch.setattr(module, "_free_port", lambda: next(ports, None) or real())
        with LlamaServer(toolchain, toy_gguf, log=tmp_path / "s.log", threads=1, ctx_size=256) as server:
            assert not server.base_url.endswith(f":{taken}")


def test_a_file_that_is_no_model_is_explained_by_the_log(toolchain: Toolchain, toy_gguf: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(toy_gguf.read_bytes()[:600_000])
    with pytest.raises(ModelError, match=r"cannot load cut\.gguf") as caught:
        LlamaServer(toolchain, cut, log=tmp_path / "s.log").start()
    assert "corrupted or incomplete" in caught.value.what
    with pytest.raises(ModelError, match="does not exist"):
        LlamaServer(toolchain, tmp_path / "none.gguf", log=tmp_path / "s.log").start()


def test_too_long_a_question_is_an_error_and_the_server_lives_on(running: LlamaServer) -> None:
    with pytest.raises(ServerError, match="400"):
        running.chat([{"role": "user", "content": "asthma " * 400}], SHORT)
    assert running.chat(ASK, SHORT).text
    assert running.restarts == 0
