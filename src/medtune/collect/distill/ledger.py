"""Every answer of the teacher on disk, a line as soon as it is there: no call whose answer came is made twice.

A call that failed is written down once a later try of its row was answered, so that going on takes the same way. Where
no try was answered nothing is kept: a teacher that was down is asked again.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medtune.core.hashing import digest_json, sha256_text
from medtune.core.io import append_lines, jsonl_line, read_jsonl_prefix
from medtune.llm.messages import Decoding, Message, Reply

LEDGER = "calls.jsonl"
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700


def call_key(endpoint: str, model: str, messages: list[Message], decoding: Decoding) -> str:
    """Hex sha256 of all that an answer depends on: prompt, teacher and settings."""
    return digest_json(
        {
            "endpoint": endpoint,
            "model": model,
            "messages": messages,
            "temperature": decoding.temperature,
            "max_tokens": decoding.max_tokens,
            "seed": decoding.seed,
        }
    )


@dataclass(frozen=True)
class Failed:
    """One call that brought no answer."""

    key: str
    reason: str


@dataclass(frozen=True)
class Entry:
    """One answer that came."""

    key: str
    reply: Reply
    day: str
    """Date (UTC) on which it came."""


class Ledger:
    """A folder's answers; opened again, it knows what a killed run was told. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_FOLDER_MODE)
        self._path = folder / LEDGER
        self._lock = threading.Lock()
        self._entries, self._failed = _read(self._path)
        self._used: dict[str, Entry] = {}
        self._path.touch(mode=_FILE_MODE)

    def find(self, key: str) -> Reply | Failed | None:
        """What became of this call, if it was ever made."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return self._failed.get(key)
            self._used[key] = entry
            return entry.reply

    def add(self, key: str, prompt: str, reply: Reply, failed: Sequence[Failed] = ()) -> None:
        """Write an answer down, and before it the calls of the same row that `failed`.

        `prompt` is the digest of what was asked; its words are not kept.
        """
        day = datetime.now(UTC).date().isoformat()
        row = {
            "key": key,
            "prompt": prompt,
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "seconds": round(reply.seconds, 4),
            "day": day,
        }
        lines: list[dict[str, Any]] = [*({"key": one.key, "failed": one.reason} for one in failed), row]
        with self._lock:
            append_lines(self._path, "".join(map(jsonl_line, lines)))
            self._failed |= {one.key: one for one in failed}
            self._entries[key] = self._used[key] = Entry(key, reply, day)

    def digest(self) -> str:
        """sha256 over the answers that were used, in the order of their keys."""
        return digest_json([[key, sha256_text(self._used[key].reply.text)] for key in sorted(self._used)])

    def retrieved(self) -> str:
        """Date (UTC) of the youngest answer that was used, ISO 8601; empty without any."""
        return max((entry.day for entry in self._used.values()), default="")


def known_keys(path: Path) -> set[str]:
    """Keys of the calls in a ledger that would not be made again; the file stays as it is."""
    if not path.exists():
        return set()
    whole = path.read_bytes().rpartition(b"\n")[0]
    return {json.loads(line)["key"] for line in whole.decode("utf-8").split("\n") if line.strip()}


def _read(path: Path) -> tuple[dict[str, Entry], dict[str, Failed]]:
    entries: dict[str, Entry] = {}
    failed: dict[str, Failed] = {}
    for row in read_jsonl_prefix(path):
        if "failed" in row:
            failed[row["key"]] = Failed(row["key"], row["failed"])
        else:
            entries[row["key"]] = Entry(row["key"], _reply(row), row["day"])
    return entries, failed


def _reply(row: dict[str, Any]) -> Reply:
    return Reply(
        row["text"], row["finish_reason"], row["prompt_tokens"], row["completion_tokens"], float(row["seconds"])
    )
