import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import medtune
from medtune.core.errors import EgressError, ServerError
from medtune.core.net import Egress, client, is_loopback, server_errors


class Redirects(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        target = {"/out": "http://example.org/data", "/in": "/here"}.get(self.path)
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Redirects)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.10", "::1", "[::1]"])
def test_this_machine_is_always_allowed(host: str) -> None:
    assert is_loopback(host)
    Egress().check(f"http://{host if ':' not in host or host.startswith('[') else f'[{host}]'}:8080/v1")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.org/v1",
        "http://localhost.example.org/",
        "http://127.0.0.1.example.org/",
        "http://127.0.0.1@example.org/",
        "http://0.0.0.0/",
        "http://128.0.0.1/",
        "ftp://localhost/",
        "localhost:8080",
        "http://[::1",
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(EgressError):
        Egress().check(url)


def test_an_allowed_host_is_allowed_by_exact_name_only() -> None:
    egress = Egress(frozenset({"API.example.org"}))
    egress.check("https://api.example.org./v1/chat")
    for url in ("https://example.org/", "https://x.api.example.org/", "https://api.example.org.evil.net/"):
        with pytest.raises(EgressError, match="does not allow"):
            egress.check(url)


def test_the_error_names_the_host_and_the_recipe_key() -> None:
    with pytest.raises(EgressError) as caught:
        Egress().check("https://api.example.org/v1")
    assert "api.example.org" in str(caught.value)
    assert "`egress:`" in str(caught.value)


def test_a_redirect_to_another_host_is_refused(address: str) -> None:
    with client(Egress(), timeout_s=5, base_url=address, follow_redirects=True) as http:
        assert http.get("/in").status_code == 200
        with pytest.raises(EgressError, match=r"example\.org"):
            http.get("/out")


def test_requests_of_a_client_without_base_are_checked() -> None:
    with client(Egress(), timeout_s=5) as http, pytest.raises(EgressError):
        http.get("http://example.org/")


def test_no_proxy_stands_between_us_and_this_machine(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with client(Egress(), timeout_s=5, base_url=address) as http:
        assert http.get("/here").status_code == 200


def test_a_refused_connection_becomes_a_server_error() -> None:
    with (
        client(Egress(), timeout_s=5, base_url="http://127.0.0.1:9") as http,
        pytest.raises(ServerError, match="nothing answers"),
        server_errors("http://127.0.0.1:9"),
    ):
        http.get("/")


def test_no_other_module_imports_an_http_client() -> None:
    package = Path(medtune.__file__).parent
    pattern = re.compile(r"^\s*(import|from)\s+(httpx|requests|aiohttp|urllib3|urllib\.request|http\.client)\b", re.M)
    found = {
        str(path.relative_to(package)) for path in package.rglob("*.py") if pattern.search(path.read_text("utf-8"))
    }
    assert found == {"core/net.py"}
