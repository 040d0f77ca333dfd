"""Ask any OpenAI-compatible endpoint: llama-server, Ollama, vLLM, a hosted one that the recipe allows."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from medtune.core.errors import ServerError
from medtune.core.net import Egress, client, server_errors
from medtune.llm.control import ControlByForm
from medtune.llm.messages import Decoding, Message, Reply

if TYPE_CHECKING:
    from medtune.core.net import HttpResponse

Dialect = Literal["openai", "llama-server"]

_BUSY = (429, 503)
_MAX_WAIT_S = 30.0
_MAX_BODY_BYTES = 16 << 20
_NEXT = "check that the server runs, that the address is right and which model it serves"


class ChatClient:
    """A chat endpoint. Use it in a `with`, or close it.

    `base_url` may end in /v1 or not. `timeout_s` bounds a whole answer. The dialect "llama-server" adds what that
    server understands beyond the protocol: `top_k`, and no prompt cache unless `cache_prompt` (with the cache, the
    same question can get another answer). Busy answers (429, 503) are asked again up to `retries` times.

    What looks like a control token in a message is neutralised (`llm.control`), by its form, since the vocabulary of a
    model behind an address is not known. With the dialect "llama-server" the caller has the model's file and does so
    by its list: see `LlamaServer`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        egress: Egress | None = None,
        model: str = "default",
        dialect: Dialect = "openai",
        cache_prompt: bool = False,
        timeout_s: float = 300.0,
        retries: int = 5,
        api_key: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises EgressError when `egress` does not allow the host (without it only this machine is allowed)."""
        self.base_url = base_url.rstrip("/").removesuffix("/v1")
        self.model = model
        self._dialect, self._cache_prompt = dialect, cache_prompt
        self._control = ControlByForm() if dialect == "openai" else None
        self._timeout_s, self._retries, self._sleep = timeout_s, retries, sleep
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = client(egress or Egress(), timeout_s=timeout_s, base_url=self.base_url, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Safe to call again."""
        self._http.close()

    def chat(self, messages: Sequence[Message], decoding: Decoding) -> Reply:
        """The answer to a conversation.

        Raises ServerError: nothing there, no answer within `timeout_s`, still busy after the retries, an error of
        the endpoint, or something that is not a chat completion.
        """
        began = time.monotonic()
        answer = self.post("/v1/chat/completions", self._body(messages, decoding, stream=False))
        return parse_completion(answer, seconds=time.monotonic() - began, where=self.base_url)

    def stream(self, messages: Sequence[Message], decoding: Decoding) -> Iterator[str]:
        """The answer piece by piece, as it is written. Raises ServerError as `chat` does, also between pieces."""
        body = self._body(messages, decoding, stream=True)
        deadline = time.monotonic() + self._timeout_s
        with (
            server_errors(self.base_url, next_step=_NEXT),
            self._open("POST", "/v1/chat/completions", body) as response,
        ):
            for line in response.iter_lines():
                if time.monotonic() > deadline:
                    raise self._late()
                if not line.startswith("data:"):
                    continue
                data = line.removeprefix("data:").strip()
                if data == "[DONE]":
                    return
                if piece := parse_piece(data, where=self.base_url):
                    yield piece

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST JSON, get JSON, within `timeout_s`. Raises ServerError."""
        return self._json("POST", path, body)

    def get(self, path: str) -> Any:
        """GET JSON, within `timeout_s`. Raises ServerError."""
        return self._json("GET", path, None)

    def _json(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        deadline = time.monotonic() + self._timeout_s
        data = bytearray()
        with server_errors(self.base_url, next_step=_NEXT), self._open(method, path, body) as response:
            for piece in response.iter_bytes():
                data += piece
                if time.monotonic() > deadline:
                    raise self._late()
                if len(data) > _MAX_BODY_BYTES:
                    raise _garbage(self.base_url, f"more than {_MAX_BODY_BYTES >> 20} MiB")
        try:
            return json.loads(data)
        except ValueError:
            raise _garbage(self.base_url, "not JSON") from None

    def _open(self, method: str, path: str, body: dict[str, Any] | None) -> "_Opened":
        """A response with status 200, body not yet read; busy answers are waited for."""
        for attempt in range(self._retries + 1):
            request = self._http.build_request(method, path, json=body)
            response = self._http.send(request, stream=True)
            if response.status_code == 200:
                return _Opened(response)
            try:
                if response.status_code not in _BUSY or attempt == self._retries:
                    raise self._refused(response)
                wait_s = _retry_after(response.headers.get("retry-after"), attempt)
            finally:
                response.close()
            self._sleep(wait_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _body(self, messages: Sequence[Message], decoding: Decoding, *, stream: bool) -> dict[str, Any]:
        if self._control is not None:
            messages = self._control.messages(messages)
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [dict(message) for message in messages],
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            "max_tokens": decoding.max_tokens,
            "seed": decoding.seed,
            "stream": stream,
        }
        if decoding.stop:
            body["stop"] = list(decoding.stop)
        if self._dialect == "llama-server":
            # min_p has a default of 0.05 there, which would bend what temperature and top_p say
            body |= {
                "top_k": decoding.top_k,
                "min_p": 0.0,
                "repeat_penalty": decoding.repeat_penalty,
                "repeat_last_n": decoding.repeat_last_n,
                "cache_prompt": self._cache_prompt,
            }
        return body

    def _late(self) -> ServerError:
        return ServerError(f"no whole answer within {self._timeout_s:g} s", where=self.base_url, next_step=_NEXT)

    def _refused(self, response: "HttpResponse") -> ServerError:
        """What the endpoint says is quoted only where it cannot echo the question back into a log."""
        said = ""
        if self._dialect == "llama-server" or response.status_code in (401, 403, 404):
            response.read()
            said = _error_message(response.content)
        busy = f" after {self._retries + 1} attempts" if response.status_code in _BUSY else ""
        return ServerError(
            f"the server answered {response.status_code} {response.reason_phrase}{busy}{said}",
            where=str(response.request.url),
            next_step=_NEXT,
            status=response.status_code,
        )


class _Opened:
    """Closes a streamed response at the end of a `with`."""

    def __init__(self, response: "HttpResponse") -> None:
        self._response = response

    def __enter__(self) -> "HttpResponse":
        return self._response

    def __exit__(self, *_: object) -> None:
        self._response.close()


def parse_completion(answer: Any, *, seconds: float, where: str) -> Reply:
    """The Reply in a chat completion's JSON. Raises ServerError when it is not one."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"] or ""
        usage = answer.get("usage") or {}
        prompt, completion = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
        finish = str(choice.get("finish_reason") or "stop")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise _garbage(where, "not a chat completion") from None
    if not isinstance(text, str):
        raise _garbage(where, "the answer is not text")
    return Reply(text, finish, prompt, completion, seconds)


def parse_piece(data: str, *, where: str) -> str:
    """The text in one event of a stream; empty for events without text. Raises ServerError for errors and garbage."""
    try:
        event = json.loads(data)
        if "error" in event:
            raise ServerError("the server broke off its answer with an error", where=where, next_step=_NEXT)
        choices = event["choices"]
        text = choices[0]["delta"].get("content") if choices else None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise _garbage(where, "not a piece of a chat completion") from None
    return text if isinstance(text, str) else ""


def _garbage(where: str, what: str) -> ServerError:
    return ServerError(
        f"the server's answer cannot be used: {what}",
        where=where,
        next_step="check that this address is an OpenAI-compatible chat endpoint",
    )


def _error_message(content: bytes) -> str:
    try:
        error = json.loads(content)["error"]
        message = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {str(message)[:200]}"


def _retry_after(header: str | None, attempt: int) -> float:
    """Seconds to wait: what the server asks for, else 0.5 s doubled with each attempt; at most 30 s."""
    try:
        asked = float(header) if header else 0.0
    except ValueError:
        asked = 0.0
    return min(_MAX_WAIT_S, asked if asked > 0 else 0.5 * 2**attempt)
