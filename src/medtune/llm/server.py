"""A llama-server of our own: started on this machine only, ended with us, restarted once when it dies."""

import contextlib
import functools
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from medtune.core import proc
from medtune.core.errors import ModelError, ServerError
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm import llamaserver_api
from medtune.llm.client import ChatClient
from medtune.llm.control import Control, control_of_gguf
from medtune.llm.messages import Decoding, Message, Reply

_PORT_ATTEMPTS = 5
_POLL_S = 0.02
_PORT_TAKEN = ("couldn't bind", "couldn't start HTTP listener", "Address already in use")
_BAD_MODEL = ("error loading model", "unknown model architecture")


class LlamaServer:
    """A running llama-server for one GGUF file; use it in a `with`.

    With one slot and no prompt cache (the defaults) the same question gets the same answer. Parallel `slots` share
    batches, which changes the last bits of the arithmetic and so now and then an answer: for screening only.
    `ctx_size` is the number of tokens of one slot (None: what the model was made for). `gpu_layers` None
    means all of them on a GPU build. The port is open on 127.0.0.1 only and asks for a key that only this object
    has. Its log goes to `log`; question and answer text is not in it. What only looks like a control token in a message
    is neutralised before it is sent (`llm.control`).
    """

    def __init__(
        self,
        toolchain: Toolchain,
        model: Path,
        *,
        log: Path,
        threads: int | None = None,
        ctx_size: int | None = None,
        slots: int = 1,
        gpu_layers: int | None = None,
        start_timeout_s: float = 300.0,
        answer_timeout_s: float = 300.0,
    ) -> None:
        self.model, self.log, self.restarts = model, log, 0
        self._toolchain, self._threads = toolchain, threads or os.cpu_count() or 1
        self._ctx_size, self._slots, self._gpu_layers = ctx_size, slots, gpu_layers
        self._start_timeout_s, self._answer_timeout_s = start_timeout_s, answer_timeout_s
        self._key, self._port = secrets.token_urlsafe(16), 0
        self._lock = threading.Lock()
        self._child: proc.Child | None = None
        self._client: ChatClient | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def client(self) -> ChatClient:
        """The client of the running server. Raises ServerError when it is not running."""
        if self._client is None:
            raise ServerError("llama-server is not running", next_step="use it in a `with`, or call start()")
        return self._client

    @property
    def base_url(self) -> str:
        """Its address on this machine."""
        return self.client.base_url

    @functools.cached_property
    def control(self) -> Control:
        """The control texts of the model, read from its file."""
        return control_of_gguf(self.model)

    @property
    def pid(self) -> int | None:
        """Process id of llama-server, or None when it is not running."""
        return self._child.tool_pid if self._child else None

    def start(self) -> None:
        """Start and wait until the model is loaded.

        Raises ModelError for a model that llama.cpp cannot load, ServerError when the server dies or is not ready
        within `start_timeout_s`, both with the last lines of its log.
        """
        if not self.model.is_file():
            raise ModelError("the GGUF file does not exist", where=str(self.model), next_step="export it again")
        self.stop()
        for _ in range(_PORT_ATTEMPTS):  # the free port can be taken by another program before the server has it
            begin = self.log.stat().st_size if self.log.exists() else 0
            try:
                return self._start_on(_free_port())
            except ServerError:
                self.stop()
                if not any(words in _log_since(self.log, begin) for words in _PORT_TAKEN):
                    raise
            except BaseException:
                self.stop()
                raise
        raise ServerError("found no port for llama-server", where=str(self.log), next_step="try again")

    def stop(self) -> None:
        """End the server (its own process only). Safe to call again."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._child is not None:
            self._child.stop()
            self._child = None

    def chat(self, messages: Sequence[Message], decoding: Decoding) -> Reply:
        """The answer to a conversation; a server that died is restarted once in its life, and asked again.

        Raises ServerError: it died again (with the last lines of its log), hangs, or answers something unusable.
        """
        restarts = self.restarts
        messages = self.control.messages(messages)
        try:
            return self.client.chat(messages, decoding)
        except ServerError as error:
            self._restart_after(error, restarts)
        try:
            return self.client.chat(messages, decoding)
        except ServerError as error:
            raise self._explained(error) from error

    def stream(self, messages: Sequence[Message], decoding: Decoding) -> Iterator[str]:
        """The answer piece by piece. One that broke off is not asked again, since part of it is out already."""
        if self._child is not None and (code := self._child.poll()) is not None:
            self._restart_after(self._died(code), self.restarts)
        try:
            yield from self.client.stream(self.control.messages(messages), decoding)
        except ServerError as error:
            raise self._explained(error) from error

    def _restart_after(self, error: ServerError | ModelError, restarts: int) -> None:
        """Restart a server that is dead, unless another thread did so meanwhile; raise what cannot be mended so."""
        with self._lock:
            if self.restarts > restarts:
                return
            if self.restarts > 0 or self._exit_code() is None:
                raise self._explained(error) from error
            self.restarts += 1
            self.start()

    def _explained(self, error: ServerError | ModelError) -> ServerError | ModelError:
        """A broken connection is explained by the log of the server that died; other errors stay as they are."""
        code = self._exit_code()
        return error if code is None else self._died(code)

    def _exit_code(self) -> int | None:
        """Exit code of a server whose connection just broke: it may need a moment to be gone. None while it lives."""
        if self._child is None:
            return None
        deadline = time.monotonic() + 2.0
        while (code := self._child.poll()) is None and time.monotonic() < deadline:
            time.sleep(_POLL_S)
            if _accepts(self._port):
                return self._child.poll()
        return code

    def _start_on(self, port: int) -> None:
        self._port = port
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as file:
            self._child = proc.start(
                self._argv(port),
                what="starting llama-server",
                stdout=file,
                stderr=file,
                env={"LLAMA_API_KEY": self._key},
            )
        self._client = ChatClient(
            f"http://127.0.0.1:{port}",
            model=self.model.stem,
            dialect="llama-server",
            timeout_s=self._answer_timeout_s,
            api_key=self._key,
        )
        self._wait_ready()

    def _argv(self, port: int) -> list[str | Path]:
        argv: list[str | Path] = [self._toolchain.server, "--model", self.model, "--alias", self.model.stem]
        argv += ["--host", "127.0.0.1", "--port", str(port), "--no-ui", "--no-slots", "--offline", "--jinja"]
        argv += ["--parallel", str(self._slots), "--ctx-size", str((self._ctx_size or 0) * self._slots)]
        argv += ["--threads", str(self._threads), "--threads-http", str(self._slots + 1)]
        argv += ["--no-cache-prompt", "--cache-ram", "0", "--no-cache-idle-slots", "--ctx-checkpoints", "0"]
        # the answer must come back as the model wrote it: nothing may be taken out as "thoughts"
        argv += ["--reasoning-format", "none"]
        if self._toolchain.backend == "cpu":
            argv += ["--fit", "off"]
        elif self._gpu_layers is not None:
            argv += ["--gpu-layers", str(self._gpu_layers)]
        return argv

    def _wait_ready(self) -> None:
        assert self._child is not None
        deadline = time.monotonic() + self._start_timeout_s
        while True:
            if (code := self._child.poll()) is not None:
                raise self._died(code)
            if _accepts(self._port) and self._is_ours():
                return
            if time.monotonic() > deadline:
                raise ServerError(
                    f"llama-server was not ready after {self._start_timeout_s:g} s{self._last_words()}",
                    where=str(self.log),
                    next_step="read that log; a large model on a slow disk may need more time",
                )
            time.sleep(_POLL_S)

    def _is_ours(self) -> bool:
        """True when it is loaded and has our key: another program may have taken the port in between."""
        probe = ChatClient(self.base_url, dialect="llama-server", timeout_s=2.0, retries=0, api_key=self._key)
        with probe, contextlib.suppress(ServerError):
            return Path(str(llamaserver_api.props(probe).get("model_path"))).name == self.model.name
        return False

    def _died(self, code: int) -> ServerError | ModelError:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        words = self._last_words()
        if any(sign in words for sign in _BAD_MODEL) and "allocate" not in words:
            return ModelError(
                f"llama-server cannot load {self.model.name} ({how}){words}",
                where=str(self.log),
                next_step="export that file again; if it stays so, this llama.cpp does not know its architecture",
            )
        return ServerError(
            f"llama-server died ({how}{', after one restart' if self.restarts else ''}){words}",
            where=str(self.log),
            next_step="read that log; often memory ran out: use a smaller context or a smaller build",
        )

    def _last_words(self) -> str:
        return "".join(f"\n  | {line}" for line in proc.log_tail(self.log, 10))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def _log_since(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read().decode("utf-8", "replace")
