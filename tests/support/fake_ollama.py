"""An Ollama on this machine, as far as comparing prompts goes: strict about requests, as the documented API is."""

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Render = Callable[[list[dict[str, str]]], str]
Count = Callable[[str], int]

_KNOWN = {"model", "messages", "stream", "truncate", "options", "keep_alive", "think", "_debug_render_only"}
_OPTIONS = {"num_ctx", "num_predict", "temperature", "seed", "top_k", "top_p"}


class FakeOllama:
    """Renders with `render` and counts with `count`; `shows` False is one that does not know `_debug_render_only`."""

    def __init__(self, model: str, render: Render, count: Count, *, shows: bool = True, counts: bool = True) -> None:
        self.model, self.render, self.count, self.shows, self.counts = model, render, count, shows, counts
        self.requests: list[dict[str, Any]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def chat(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests.append(body)
        if body.keys() - _KNOWN or body.get("options", {}).keys() - _OPTIONS:
            return 400, {"error": "unknown field"}
        if body["model"] != self.model:
            return 404, {"error": f'model "{body["model"]}" not found, try pulling it first'}
        if not _valid(body["messages"]) or body.get("stream", True):
            return 400, {"error": "invalid request"}
        rendered = self.render(body["messages"])
        tokens = self.count(rendered)
        if tokens >= body["options"]["num_ctx"]:
            return 400, {"error": "the input length exceeds the context length"}
        if body.get("_debug_render_only") and self.shows:
            return 200, {"model": self.model, "_debug_info": {"rendered_template": rendered}}
        answer = {"model": self.model, "message": {"role": "assistant", "content": "x"}, "done": True}
        return 200, {**answer, "eval_count": 1, **({"prompt_eval_count": tokens} if self.counts else {})}


def _valid(messages: Sequence[dict[str, str]]) -> bool:
    roles = {"system", "user", "assistant", "tool"}
    return bool(messages) and all(one.keys() == {"role", "content"} and one["role"] in roles for one in messages)


def _handler(fake: FakeOllama) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._send(*((200, {"version": "0.12.6"}) if self.path == "/api/version" else (404, {"error": "no"})))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._send(*(fake.chat(body) if self.path == "/api/chat" else (404, {"error": "no"})))

        def _send(self, code: int, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
