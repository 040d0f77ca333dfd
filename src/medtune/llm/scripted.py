"""A chat server that answers by script, over real HTTP on this machine: for tests of whatever asks a model.

with ScriptedServer([Answer("Rest and drink."), Status(429, retry_after_s=0.1), Answer("Rest.")]) as server:
    ChatClient(server.base_url).chat([{"role": "user", "content": "I have a cold."}], Decoding())
"""

import contextlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from medtune.llm.messages import Message


@dataclass(frozen=True)
class Answer:
    """Answer with `text` after `delay_s` seconds; streamed word by word when the request asks for a stream."""

    text: str
    delay_s: float = 0.0
    finish_reason: str = "stop"


@dataclass(frozen=True)
class Status:
    """Answer with an HTTP error, e.g. 429 or 503; `retry_after_s` goes into the Retry-After header."""

    code: int
    retry_after_s: float | None = None
    message: str = "scripted error"


@dataclass(frozen=True)
class Garbage:
    """Answer 200 with these bytes."""

    body: bytes = b"<html>It works!</html>"


@dataclass(frozen=True)
class Hang:
    """Accept the request and say nothing for `seconds` (or until the server is closed), then cut the connection."""

    seconds: float = 60.0


@dataclass(frozen=True)
class Drop:
    """Cut the connection without an answer, as a dying server does."""


Step = Answer | Status | Garbage | Hang | Drop
Script = Sequence[Step] | Callable[[list[Message]], Step]


class ScriptedServer:
    """Serves a script: one step per chat request in order (the last one repeats), or a function of the messages.

    `requests` holds the JSON bodies that came in, in order; `headers` their headers. `port` 0 is any free one.
    """

    def __init__(self, script: Script, port: int = 0) -> None:
        if not callable(script) and not script:
            raise ValueError("a script needs at least one step")
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._script, self._lock = script, threading.Lock()
        self.closing = threading.Event()
        self._http = _Http(self, port)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        """Address of the server on this machine."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def next_step(self, body: dict[str, Any], headers: dict[str, str]) -> Step:
        """Note a request and say what to do with it."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(body)
            self.headers.append(headers)
        if callable(self._script):
            return self._script(body.get("messages", []))
        return self._script[min(number, len(self._script) - 1)]


class _Http(ThreadingHTTPServer):
    request_queue_size = 128  # many clients may connect at once; a refused one would try again a second later
    daemon_threads = False  # closing waits for the handlers, so that no thread outlives the server

    def __init__(self, script: ScriptedServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.script = script

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on stderr."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self._json({"status": "ok"})
        elif self.path == "/v1/models":
            self._json({"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        else:
            self._error(Status(404, message="not found"))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        if self.path != "/v1/chat/completions":
            self._error(Status(404, message="not found"))
            return
        match self.server.script.next_step(body, dict(self.headers.items())):
            case Answer() as answer:
                self.server.script.closing.wait(answer.delay_s)
                (self._stream if body.get("stream") else self._whole)(answer)
            case Status() as status:
                self._error(status)
            case Garbage(content):
                self._send(200, content, "text/html")
            case Hang(seconds):
                self.server.script.closing.wait(seconds)
                self.close_connection = True
            case Drop():
                self.close_connection = True

    def _whole(self, answer: Answer) -> None:
        words = len(answer.text.split())
        message = {"role": "assistant", "content": answer.text}
        self._json(
            {
                "object": "chat.completion",
                "model": "scripted",
                "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
                "usage": {"prompt_tokens": 1, "completion_tokens": words, "total_tokens": 1 + words},
            }
        )

    def _stream(self, answer: Answer) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        pieces: list[tuple[dict[str, str], str | None]] = [({"content": piece}, None) for piece in _pieces(answer.text)]
        for delta, finish in [*pieces, ({}, answer.finish_reason)]:
            event = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def _error(self, status: Status) -> None:
        extra = {} if status.retry_after_s is None else {"Retry-After": f"{status.retry_after_s:g}"}
        body = json.dumps({"error": {"code": status.code, "message": status.message}}).encode()
        self._send(status.code, body, "application/json", extra)

    def _json(self, value: dict[str, Any]) -> None:
        self._send(200, json.dumps(value).encode(), "application/json")

    def _send(self, code: int, body: bytes, kind: str, extra: dict[str, str] | None = None) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(code)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(extra or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)


def _pieces(text: str) -> list[str]:
    """Cut a text before each space, so that the pieces put together are the text."""
    words = text.split(" ")
    return words[:1] + [f" {word}" for word in words[1:]]
