"""A small web server on loopback that answers as a script says and keeps what it was asked."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer; `cut` ends the body half way, `drip_s` waits before each of its bytes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    drip_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    number: int
    """From 0, over all requests."""


@dataclass
class Site:
    """A running server."""

    address: str
    asked: list[Asked]


@contextlib.contextmanager
def site(reply: Callable[[Asked], Answer]) -> Iterator[Site]:
    """Serve until the block ends."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Asked(parts.path, dict(parse_qsl(parts.query)), headers, len(asked))
            asked.append(request)
            answer = reply(request)
            self.send_response_only(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if not answer.drip_s:
                    self.wfile.write(body)
                for number in range(len(body) if answer.drip_s else 0):
                    time.sleep(answer.drip_s)
                    self.wfile.write(body[number : number + 1])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
