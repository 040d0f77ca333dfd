"""How the questions are put: decoding, context, threads, and how many servers work side by side."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError
from medtune.core.hashing import digest_json, sha256_text
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.llamaserver_api import apply_template, tokenize
from medtune.llm.messages import Decoding, Message
from medtune.llm.server import LlamaServer
from medtune.runs.records.ask import AskedCase

SMALL_BYTES = 200_000_000
"""Up to this size of file, one thread a server: a token takes a millisecond, and threads that wait for each other at
every layer lose more than they win as soon as anything else runs on the machine (measured on 2 busy cores with the
tiny model, 150 tokens: 0.25 s with one thread, 0.4 to 4.5 s with two; the answers were the same)."""
_MOST_SERVERS = 8
_CASES_A_SERVER = 8
_CONTEXT_STEP = 256
_SPARE_TOKENS = 8


@dataclass(frozen=True)
class Setting:
    """What is the same for every question to every build."""

    decoding: Decoding
    context: int
    """Tokens of context: the longest prompt and a whole answer."""
    threads: int
    """Of each server."""
    servers: int
    """Side by side, each with one slot, so that no two answers share a batch."""
    timeout_s: float
    slots: int = 1
    """Questions that a server answers at the same time; more than one is for screening."""
    sampling: Decoding | None = None
    """How samples of critical cases are drawn; None when there are none."""

    def decoding_of(self, case: AskedCase, sample: int) -> Decoding:
        """The greedy decoding for sample 0; else the sampling, with a seed of the question's own."""
        if sample == 0 or self.sampling is None:
            return self.decoding
        return replace(self.sampling, seed=sample_seed(self.sampling.seed, case.id, sample))

    def key(self, build_sha256: str, toolchain: Toolchain) -> str:
        """Stands for everything beside the question that an answer depends on."""
        values = asdict(self.decoding) | {"context": self.context, "threads": self.threads}
        if self.slots > 1:
            values["slots"] = self.slots
        if self.sampling is not None:
            values["sampling"] = asdict(self.sampling)
        return digest_json([build_sha256, toolchain.digest, values])


def sample_seed(seed: int, case: str, sample: int) -> int:
    """A seed (31 bits) that depends on the recipe's seed, the case and the number of the sample only."""
    return int(sha256_text(f"{seed}:{case}:{sample}")[:8], 16) & 0x7FFFFFFF


def choose_threads(largest_bytes: int, toolchain: Toolchain, asked_threads: int | None, cores: int) -> int:
    """Threads of each server."""
    if asked_threads is not None:
        return asked_threads
    small = largest_bytes <= SMALL_BYTES and toolchain.backend == "cpu"
    return 1 if small else cores


def choose_servers(largest_bytes: int, toolchain: Toolchain, *, threads: int, cores: int, cases: int) -> int:
    """Servers side by side: what cores and half of the free memory allow; one where a GPU does the work."""
    if toolchain.backend != "cpu":
        return 1
    import psutil

    by_memory = int(psutil.virtual_memory().available / 2 // max(1, 2 * largest_bytes))
    return max(1, min(cores // threads, by_memory, _MOST_SERVERS, cases // _CASES_A_SERVER))


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def count_prompts(toolchain: Toolchain, gguf: Path, cases: Sequence[AskedCase], log: Path) -> dict[str, int]:
    """Tokens of each case's prompt, by llama-server's own template and tokenizer. Raises ServerError, ModelError."""
    with LlamaServer(toolchain, gguf, log=log, threads=1, ctx_size=_CONTEXT_STEP) as server:
        return {
            case.id: len(tokenize(server.client, apply_template(server.client, messages_of(case)))) for case in cases
        }


def choose_context(prompt_tokens: dict[str, int], max_tokens: int, trained: int | None) -> int:
    """Tokens of context for the longest prompt and a whole answer, at most what the model was made for.

    Raises DataError naming the case whose prompt leaves no room for an answer.
    """
    longest = max(prompt_tokens.values())
    wanted = longest + max_tokens + _SPARE_TOKENS
    context = -(-wanted // _CONTEXT_STEP) * _CONTEXT_STEP
    if trained is None or context <= trained:
        return context
    if wanted > trained:
        case = max(prompt_tokens, key=lambda name: (prompt_tokens[name], name))
        raise DataError(
            f"the longest prompt has {longest} tokens: with an answer of {max_tokens} that is more than the "
            f"{trained} tokens that this model was made for",
            where=case,
            next_step="lower `ask.max_tokens`, or leave so long a question out",
        )
    return trained


def trained_context(gguf: Path) -> int | None:
    """Tokens of context that a model was made for; None when the file does not say."""
    metadata = read_gguf(gguf).metadata
    value = metadata.get(f"{metadata.get('general.architecture')}.context_length")
    return value if isinstance(value, int) else None


def messages_of(case: AskedCase) -> list[Message]:
    """A case as the chat protocol has it."""
    return [Message(role=turn.role, content=turn.content) for turn in case.messages]


def flags_of(pid: int | None) -> list[str]:
    """The command line of a running server without program, paths, port and name: what it was really told."""
    import psutil

    if pid is None:
        return []
    try:
        words = psutil.Process(pid).cmdline()[1:]
    except psutil.Error:
        return []
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("--model", "--alias", "--port", "--host"):
            skip = True
        else:
            kept.append(word)
    return kept


def as_facts(setting: Setting, toolchain: Toolchain) -> dict[str, Any]:
    """The setting as asked.json shows it."""
    return {
        "decoding": asdict(setting.decoding),
        "max_tokens": setting.decoding.max_tokens,
        "context": setting.context,
        "threads": setting.threads,
        "servers": setting.servers,
        "slots": setting.slots,
        "sampling": asdict(setting.sampling) if setting.sampling else None,
        "prompt_cache": False,
        "timeout_s": setting.timeout_s,
        "llama_cpp": {"version": toolchain.version, "digest": toolchain.digest, "backend": toolchain.backend},
    }
