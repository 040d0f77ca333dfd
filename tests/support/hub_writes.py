"""A hub on 127.0.0.1 that takes repositories and commits: the endpoints that huggingface_hub writes to.

https://huggingface.co/docs/hub/api: `fault` answers one of them with a status instead.
"""

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class WriteHub:
    """What was written; `fault` is (part of a path, status)."""

    token: str = "right"
    fault: tuple[str, int] | None = None
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    lfs: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""


@contextlib.contextmanager
def serve(hub: WriteHub) -> Iterator[WriteHub]:
    """Answer until the block ends."""

    class Handler(_Handler):
        held = hub

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    held: WriteHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.held, urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        hub.requests.append((self.command, path))
        if hub.fault and hub.fault[0] in path and self.command != "DELETE":
            self._send(hub.fault[1], {"error": "fault"})
        elif path.startswith("/lfs/"):
            hub.lfs[path.removeprefix("/lfs/")] = body
            self._send(200, {})
        elif self.headers.get("authorization") not in (f"Bearer {hub.token}", f"Basic {hub.token}"):
            self._send(401, {"error": "Invalid credentials"})
        elif path == "/api/validate-yaml":
            whole = json.loads(body)["content"].startswith("---\nlicense: ")
            self._send(200 if whole else 400, {"errors": [], "warnings": []})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/repos/delete":
            values = json.loads(body)
            hub.repositories.pop(f"{values['organization']}/{values['name']}", None)
            self._send(200, {})
        elif path.endswith("/preupload/main"):
            files = json.loads(body)["files"]
            rows = [
                {"path": one["path"], "uploadMode": "lfs" if one["path"].endswith(".gguf") else "regular",
                 "shouldIgnore": False, "oid": None}
                for one in files
            ]  # fmt: skip
            self._send(200, {"files": rows})
        elif path.endswith("/info/lfs/objects/batch"):
            rows = [
                {"oid": one["oid"], "size": one["size"],
                 "actions": {"upload": {"href": f"{hub.address}/lfs/{one['oid']}", "header": {}}}}
                for one in json.loads(body)["objects"]
            ]  # fmt: skip
            self._send(200, {"transfer": "basic", "objects": rows})
        elif path.endswith("/commit/main"):
            self._commit(path.split("/")[3] + "/" + path.split("/")[4], body)
        else:
            self._send(404, {"error": "not found"})

    def _create(self, values: dict[str, Any]) -> None:
        hub, name = self.held, f"{values['organization']}/{values['name']}"
        if name in hub.repositories:
            self._send(409, {"error": "You already created this model repo", "url": f"{hub.address}/{name}"})
        else:
            hub.repositories[name], hub.private[name] = (
                {},
                values.get("visibility") == "private" or bool(values.get("private")),
            )
            self._send(200, {"url": f"{hub.address}/{name}", "name": name, "id": "1"})

    def _commit(self, name: str, body: bytes) -> None:
        hub = self.held
        if name not in hub.repositories:
            self._send(404, {"error": "Repository not found"})
            return
        for line in body.decode().splitlines():
            row = json.loads(line)
            if row["key"] == "file":
                hub.repositories[name][row["value"]["path"]] = base64.b64decode(row["value"]["content"])
            elif row["key"] == "lfsFile":
                data = hub.lfs[row["value"]["oid"]]
                assert hashlib.sha256(data).hexdigest() == row["value"]["oid"]
                hub.repositories[name][row["value"]["path"]] = data
        url = f"{hub.address}/{name}/commit/{COMMIT}"
        self._send(200, {"success": True, "commitOid": COMMIT, "commitUrl": url, "hookOutput": ""})

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
