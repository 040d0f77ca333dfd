"""An Ollama on this machine: blobs, create, show, tags, chat, delete, version, as strict as its documented API.

https://docs.ollama.com/api: digests are checked, unknown fields and blobs are refused, a model is listed only when it
was made whole. Answers come from `answer`, rendered prompts from `render`.
"""

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CREATE = {"model", "files", "parameters", "system", "license", "template", "requires", "stream", "messages", "from"}
_CHAT = {"model", "messages", "stream", "options", "keep_alive", "truncate", "_debug_render_only"}
_TYPES: dict[str, tuple[type, ...]] = {
    "temperature": (int, float), "num_ctx": (int,), "num_predict": (int,), "repeat_penalty": (int, float),
    "repeat_last_n": (int,), "stop": (list,), "seed": (int,), "top_k": (int,), "top_p": (int, float),
}  # fmt: skip

Messages = list[dict[str, str]]


@dataclass
class OllamaServer:
    """What it holds; fields may be changed between requests."""

    version: str = "0.30.2"
    room_bytes: int | None = None
    """A blob that is larger does not fit on its disk."""
    break_after_bytes: int | None = None
    """The connection of the next upload breaks after so many bytes."""
    stall_after_bytes: int | None = None
    """The next upload comes no further than so many bytes, until `go_on` is set; then it is dropped."""
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    answer: Callable[[Messages], str] = lambda messages: "x"
    render: Callable[[Messages], str] | None = None
    count: Callable[[str], int] | None = None
    requantizes: bool = False
    """Makes the model of other bytes than it was given."""
    forgets: str = ""
    """A parameter that it loses."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: list[int] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""

    def create(self, body: dict[str, Any]) -> tuple[int, str]:
        """Status and error."""
        files = body.get("files", {})
        if body.keys() - _CREATE:
            return 400, f"unknown field {sorted(body.keys() - _CREATE)[0]}"
        if not re.fullmatch(r"[\w./-]+(:[\w.-]+)?", body.get("model", "")):
            return 400, "invalid model name"
        if not files:
            return 400, "neither 'from' or 'files' was specified"
        for digest in files.values():
            if not _DIGEST.fullmatch(digest):
                return 400, "invalid digest format"
            if digest not in self.blobs:
                return 400, f"blob {digest} not found"
        for key, value in body.get("parameters", {}).items():
            if key not in _TYPES or not isinstance(value, _TYPES[key]) or isinstance(value, bool):
                return 400, f"invalid type for option {key}"
        self.models[_tagged(body["model"])] = body
        return 200, ""

    def show(self, name: str) -> dict[str, Any]:
        """As /api/show writes it."""
        body = self.models[name]
        digest = next(iter(body["files"].values())).replace("sha256:", "sha256-")
        if self.requantizes:
            digest = "sha256-" + "0" * 64
        lines = []
        for key, value in body.get("parameters", {}).items():
            values = value if isinstance(value, list) else [value]
            if key != self.forgets:
                lines += [f"{key:<30} {json.dumps(one)}" for one in values]
        return {
            "modelfile": f"# made by ollama show\nFROM /models/blobs/{digest}\n",
            "parameters": "\n".join(lines), "template": body.get("template", ""), "system": body.get("system", ""),
        }  # fmt: skip

    def chat(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        name = _tagged(body.get("model", ""))
        if body.keys() - _CHAT or body.get("stream", True):
            return 400, {"error": "invalid request"}
        if name not in self.models:
            return 404, {"error": f"model '{name}' not found"}
        messages = list(body["messages"])
        if messages[0]["role"] != "system" and (system := self.models[name].get("system")):
            messages.insert(0, {"role": "system", "content": system})
        if body.get("_debug_render_only"):
            return 200, {"_debug_info": {"rendered_template": self.render(messages) if self.render else ""}}
        said = {"role": "assistant", "content": self.answer(messages)}
        counted = {"prompt_eval_count": self.count(self.render(messages))} if self.count and self.render else {}
        return 200, {"model": name, "message": said, "done": True, "done_reason": "stop", **counted}


@contextlib.contextmanager
def serve(server: OllamaServer) -> Iterator[OllamaServer]:
    """Answer until the block ends."""

    class Handler(_Handler):
        held = server

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _tagged(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


class _Handler(BaseHTTPRequestHandler):
    held: OllamaServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._note()
        digest = self.path.removeprefix("/api/blobs/")
        self._send(400 if not _DIGEST.fullmatch(digest) else 200 if digest in self.held.blobs else 404, b"")

    def do_GET(self) -> None:
        self._note()
        held = self.held
        if self.path == "/api/version":
            self._json(200, {"version": held.version})
        elif self.path == "/api/tags":
            self._json(200, {"models": [{"name": name, "model": name, "size": 1000} for name in held.models]})
        else:
            self._json(404, {"error": "404 page not found"})

    def do_POST(self) -> None:
        self._note()
        if self.path.startswith("/api/blobs/"):
            self._blob(self.path.removeprefix("/api/blobs/"))
            return
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/api/create":
            status, error = self.held.create(body)
            if error:
                self._json(status, {"error": error})
            else:
                lines = [{"status": "parsing GGUF"}, {"status": "writing manifest"}, {"status": "success"}]
                self._send(200, "".join(json.dumps(line) + "\n" for line in lines).encode())
        elif self.path == "/api/show":
            name = _tagged(body["model"])
            known = name in self.held.models
            self._json(200 if known else 404, self.held.show(name) if known else {"error": "model not found"})
        elif self.path == "/api/chat":
            self._json(*self.held.chat(body))
        else:
            self._json(404, {"error": "404 page not found"})

    def do_DELETE(self) -> None:
        self._note()
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        known = self.held.models.pop(_tagged(body["model"]), None)
        self._json(200 if known else 404, {} if known else {"error": "model not found"})

    def _blob(self, digest: str) -> None:
        held, length = self.held, int(self.headers["content-length"])
        if held.break_after_bytes is not None:
            got = len(self.rfile.read(min(length, held.break_after_bytes)))
            held.uploads.append(got)
            held.break_after_bytes, self.close_connection = None, True
            self.connection.close()
            return
        if held.stall_after_bytes is not None:
            held.uploads.append(len(self.rfile.read(min(length, held.stall_after_bytes))))
            held.stall_after_bytes, self.close_connection = None, True
            held.stalled.set()
            held.go_on.wait(60)
            return
        data = self.rfile.read(length)
        if len(data) != length:  # the client went away: nothing is kept
            return
        held.uploads.append(len(data))
        if held.room_bytes is not None and len(data) > held.room_bytes:
            self._json(500, {"error": "write /models/blobs/sha256-x: no space left on device"})
        elif f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            self._json(400, {"error": "digest mismatch"})
        else:
            held.blobs[digest] = data
            self._send(201, b"")

    def _note(self) -> None:
        self.held.requests.append((self.command, self.path))

    def _json(self, status: int, value: dict[str, Any]) -> None:
        self._send(status, json.dumps(value).encode())

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
