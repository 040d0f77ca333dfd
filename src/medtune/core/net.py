"""The only door to a network: every request, redirects included, is checked against the hosts that a recipe allows.

No other module imports an HTTP client. httpx is imported on first use, since it costs 0.15 s.
"""

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from medtune.core.errors import EgressError, ServerError

if TYPE_CHECKING:
    import httpx

    HttpClient = httpx.Client
    HttpResponse = httpx.Response


def is_loopback(host: str) -> bool:
    """True for this machine itself: localhost, 127.0.0.0/8 and ::1. Names are not resolved."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Egress:
    """The hosts that data may be sent to. This machine itself is always among them; nothing else is by default."""

    hosts: frozenset[str] = field(default_factory=frozenset)

    def allows(self, host: str) -> bool:
        """True when requests to `host` may leave this process (exact names, case ignored, no wildcards)."""
        name = host.rstrip(".").lower()
        return is_loopback(name) or name in {allowed.rstrip(".").lower() for allowed in self.hosts}

    def check(self, url: str) -> None:
        """Raise EgressError unless the URL is http(s) and its host is this machine or allowed."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            parts, host = urlsplit(""), ""
        if parts.scheme not in ("http", "https") or not host:
            raise EgressError(f"not a web address: {url!r}", next_step="write it as https://HOST/… or http://HOST/…")
        if not self.allows(host):
            raise EgressError(
                f"the recipe does not allow anything to be sent to {host}",
                next_step=f"add `{host}` to `egress:` in the recipe if this data may leave the machine",
            )


def client(
    egress: Egress,
    *,
    timeout_s: float,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    follow_redirects: bool = False,
) -> "HttpClient":
    """An httpx.Client that raises EgressError before a request to a host that `egress` does not allow.

    `timeout_s` bounds connecting, each read and each write. Proxies and certificates of the environment are used for
    other machines only, never for this one. Close it, or use it in a `with`.
    """
    import httpx

    if base_url:
        egress.check(base_url)
    parts = urlsplit(base_url)
    local = bool(base_url) and is_loopback(parts.hostname or "")

    def allowed_only(request: "httpx.Request") -> None:
        egress.check(str(request.url))

    return httpx.Client(
        base_url=base_url,
        timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
        headers=dict(headers or {}),
        follow_redirects=follow_redirects,
        trust_env=not local,
        verify=not (local and parts.scheme == "http"),  # without TLS, loading the certificate store is wasted time
        event_hooks={"request": [allowed_only]},
    )


def guard(client: Any, egress: Egress) -> None:
    """Let a client that another library made (huggingface_hub brings one) ask `egress` before each request.

    Redirects are requests, too. Hooks that the client has are kept behind this one. Raises, in the library's call,
    EgressError before anything is sent to another host.
    """

    def allowed_only(request: Any) -> None:
        egress.check(str(request.url))

    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [allowed_only, *hooks["request"]]}


@contextlib.contextmanager
def server_errors(
    url: str, *, next_step: str = "check that the server runs and that the address is right"
) -> Iterator[None]:
    """Turn httpx's errors (time-out, refused or cut connection, broken HTTP) into ServerError naming the address."""
    import httpx

    try:
        yield
    except httpx.TimeoutException as error:
        raise ServerError(
            f"no answer in time ({type(error).__name__})", where=url, next_step=f"{next_step}, or allow more time"
        ) from error
    except httpx.ConnectError as error:
        raise ServerError("nothing answers at this address", where=url, next_step=next_step) from error
    except httpx.HTTPError as error:
        raise ServerError(f"the connection broke ({type(error).__name__})", where=url, next_step=next_step) from error


def transport_error() -> type[Exception]:
    """What a client of this module raises when a request breaks on the way: time-out, refused or cut connection."""
    import httpx

    return httpx.HTTPError
