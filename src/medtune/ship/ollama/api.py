"""Ollama's HTTP API as far as importing needs it: https://docs.ollama.com/api."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from medtune.core.errors import ResourceError, ServerError, UsageError
from medtune.core.net import Egress, client, server_errors
from medtune.release.modelfile import OLLAMA_SINCE

if TYPE_CHECKING:
    from medtune.core.net import HttpResponse

_PIECE_BYTES = 1 << 20
_NEXT = "start it with `ollama serve`, or set OLLAMA_HOST to where it answers"
_FULL = re.compile(r"no space left|disk (is )?full|quota exceeded|not enough space", re.IGNORECASE)


class Ollama:
    """A running Ollama. Use it in a `with`. Every call raises ServerError, ResourceError (its disk) or EgressError."""

    def __init__(self, address: str, *, egress: Egress | None = None, timeout_s: float = 600.0) -> None:
        self.address = address
        self._http = client(egress or Egress(), timeout_s=timeout_s, base_url=address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def version(self) -> str:
        """What it calls itself, e.g. `0.30.1`."""
        answer = self._json("GET", "/api/version")
        return str(answer.get("version", ""))

    def check_version(self) -> str:
        """Its version. Raises UsageError for one that would not use the chat template inside the GGUF."""
        version = self.version()
        if _numbers(version) < _numbers(OLLAMA_SINCE):
            raise UsageError(
                f"this Ollama is too old: {version or 'it names no version'}, needed is {OLLAMA_SINCE}",
                where=self.address,
                next_step="update Ollama: older ones do not use the chat template inside the GGUF",
            )
        return version

    def has_blob(self, sha256: str) -> bool:
        """Whether a file with this digest is there already."""
        with server_errors(self.address, next_step=_NEXT):
            response = self._http.head(f"/api/blobs/sha256:{sha256}")
        if response.status_code not in (200, 404):
            raise self._refused(response)
        return response.status_code == 200

    def send_blob(self, path: Path, sha256: str, advance: Callable[[int], None]) -> None:
        """Upload a file; Ollama keeps it only when its bytes have this digest."""

        def pieces() -> Iterator[bytes]:
            with path.open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    yield piece
                    advance(len(piece))

        headers = {"Content-Length": str(path.stat().st_size), "Content-Type": "application/octet-stream"}
        with server_errors(self.address, next_step="run the same command again: nothing was imported"):
            response = self._http.post(f"/api/blobs/sha256:{sha256}", content=pieces(), headers=headers)
        if response.status_code not in (200, 201):
            raise self._refused(response)

    def create(self, body: dict[str, Any], on_status: Callable[[str], None]) -> None:
        """Make a model of blobs that are there. It is listed only when this has succeeded."""
        last = ""
        with (
            server_errors(self.address, next_step="run the same command again"),
            self._http.stream("POST", "/api/create", json={**body, "stream": True}) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise self._refused(response)
            for line in response.iter_lines():
                if not line.strip():
                    continue
                event = self._object(line)
                if "error" in event:
                    raise self._said(str(event["error"]))
                last = str(event.get("status", ""))
                on_status(last)
        if last != "success":
            raise ServerError(
                "Ollama broke off while it made the model", where=self.address, next_step="run the same command again"
            )

    def show(self, model: str) -> dict[str, Any]:
        """What it knows of a model: modelfile, parameters, template, system."""
        return self._json("POST", "/api/show", {"model": model})

    def tags(self) -> list[dict[str, Any]]:
        """The models that it lists."""
        found = self._json("GET", "/api/tags").get("models")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def chat(self, model: str, messages: list[dict[str, str]], options: dict[str, Any]) -> tuple[str, str]:
        """The answer's text, and why it ended: `stop` or `length`."""
        body = {"model": model, "messages": messages, "stream": False, "options": options}
        answer = self._json("POST", "/api/chat", body)
        message = answer.get("message")
        text = str(message.get("content", "")) if isinstance(message, dict) else ""
        return text, str(answer.get("done_reason") or "stop")

    def delete(self, model: str) -> None:
        """Remove a model. Raises UsageError when there is none of that name."""
        with server_errors(self.address, next_step=_NEXT):
            response = self._http.request("DELETE", "/api/delete", json={"model": model})
        if response.status_code == 404:
            raise UsageError(
                f"Ollama has no model {model!r}",
                where=self.address,
                next_step="`medtune ollama list` shows what it has",
            )
        if response.status_code != 200:
            raise self._refused(response)

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with server_errors(self.address, next_step=_NEXT):
            response = self._http.request(method, path, json=body)
        if response.status_code != 200:
            raise self._refused(response)
        return self._object(response.text)

    def _object(self, text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ServerError(
                "what answers here is no Ollama: its answer is no JSON object", where=self.address, next_step=_NEXT
            )
        return value

    def _refused(self, response: "HttpResponse") -> ServerError | ResourceError:
        try:
            said = str(json.loads(response.content).get("error", ""))
        except (ValueError, AttributeError):
            said = ""
        return self._said(said or f"status {response.status_code}")

    def _said(self, said: str) -> ServerError | ResourceError:
        if _FULL.search(said):
            return ResourceError(
                "the disk of Ollama is full: nothing was imported",
                where=self.address,
                next_step="free some space there (`ollama rm`, or OLLAMA_MODELS elsewhere), then the same command",
            )
        return ServerError(f"Ollama refused: {said[:300]}", where=self.address, next_step="see Ollama's own log")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("-")[0])[:3])
