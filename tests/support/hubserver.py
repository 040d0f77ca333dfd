"""A small hub on 127.0.0.1: the endpoints that huggingface_hub asks for a model, with what can go wrong.

Answers follow https://huggingface.co/docs/hub/api and what huggingface_hub reads from the headers.
"""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """One model on the server; the fields may be changed between requests."""

    folder: Path
    model: str = "maker/base"
    gated: bool = False
    token: str = "right"
    cut_after_bytes: int | None = None
    """The first answer with a weight file stops after so many bytes."""
    damaged: bool = False
    """Weight files hold other bytes than the listing says."""
    redirect_weights_to: str | None = None
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers of each request."""
    address: str = ""

    def paths(self, method: str) -> list[str]:
        """Paths of the requests of one method."""
        return [path for made, path, _ in self.requests if made == method]

    def weight_ranges(self) -> list[str | None]:
        """The Range header of each request for a weight file's bytes."""
        return [
            headers.get("range") for made, path, headers in self.requests if made == "GET" and _is_weight(Path(path))
        ]


@contextlib.contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Serve until the block ends."""

    class Handler(_Handler):
        server_hub = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _is_weight(path: Path) -> bool:
    return path.suffix in (".safetensors", ".bin")


class _Handler(BaseHTTPRequestHandler):
    server_hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        hub, path = self.server_hub, unquote(urlsplit(self.path).path)
        hub.requests.append((self.command, path, {name.lower(): value for name, value in self.headers.items()}))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"] and "/".join(parts[2:4]) == hub.model:
            self._api(parts[4:])
        elif "/".join(parts[:2]) == hub.model and parts[2:3] == ["resolve"]:
            self._file(parts[3], "/".join(parts[4:]), body)
        else:
            self._error(404, "RepoNotFound")

    def _api(self, rest: list[str]) -> None:
        hub = self.server_hub
        if rest[:1] != ["revision"] or rest[1] not in (COMMIT, "main"):
            self._error(404, "RevisionNotFound")
            return
        files = sorted(path for path in hub.folder.rglob("*") if path.is_file())
        siblings = [self._sibling(path) for path in files]
        self._json({"_id": "1", "id": hub.model, "modelId": hub.model, "sha": COMMIT, "private": False,
                    "gated": "manual" if hub.gated else False, "tags": [], "downloads": 0, "likes": 0,
                    "siblings": siblings})  # fmt: skip

    def _sibling(self, path: Path) -> dict[str, Any]:
        size, name = path.stat().st_size, path.relative_to(self.server_hub.folder).as_posix()
        listed: dict[str, Any] = {"rfilename": name, "size": size, "blobId": _git_sha(path)}
        if _is_weight(path):
            listed["lfs"] = {"sha256": _sha256(path), "size": size, "pointerSize": 130}
        return listed

    def _file(self, revision: str, name: str, body: bool) -> None:
        hub, path = self.server_hub, self.server_hub.folder / name
        if revision != COMMIT:
            self._error(404, "RevisionNotFound")
        elif hub.gated and self.headers.get("authorization") != f"Bearer {hub.token}":
            self._error(403 if self.headers.get("authorization") else 401, "GatedRepo")
        elif not path.is_file():
            self._error(404, "EntryNotFound")
        elif _is_weight(path) and hub.redirect_weights_to:
            self.send_response(302)
            self._file_headers(path)
            self.send_header("Location", f"{hub.redirect_weights_to}/{name}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._bytes(path, body)

    def _file_headers(self, path: Path) -> None:
        etag = _sha256(path) if _is_weight(path) else _git_sha(path)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        if _is_weight(path):
            self.send_header("X-Linked-ETag", f'"{etag}"')
            self.send_header("X-Linked-Size", str(path.stat().st_size))

    def _bytes(self, path: Path, body: bool) -> None:
        hub, data = self.server_hub, path.read_bytes()
        if hub.damaged and _is_weight(path):
            data = bytes(len(data))
        total, begin = len(data), 0
        if (asked := self.headers.get("range")) is not None:
            begin = int(asked.removeprefix("bytes=").split("-")[0])
        if begin > total:
            self._error(416, "RangeNotSatisfiable")
            return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{total - 1}/{total}")
        self._file_headers(path)
        self.send_header("Content-Length", str(total - begin))
        self.end_headers()
        if not body:
            return
        data = data[begin:]
        if _is_weight(path) and hub.cut_after_bytes is not None:
            data, hub.cut_after_bytes = data[: hub.cut_after_bytes], None
            self.close_connection = True
        self.wfile.write(data)

    def _json(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _error(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _git_sha(path: Path) -> str:
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
