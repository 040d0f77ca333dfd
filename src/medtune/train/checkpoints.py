"""Numbered checkpoints, and which of them are whole.

transformers writes the files of a checkpoint one after another into the final folder. A process that is killed then
leaves a folder that looks finished, so our own marker, written last, lists every file with its digest.
"""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.core.hashing import sha256_file
from medtune.core.io import write_json

MARKER = "whole.json"
_NAME = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint."""

    step: int
    path: Path
    tokens: int
    """Tokens that the model was trained on until then, without padding."""
    seconds: float
    """Time spent in training steps until then."""
    fingerprint: str = ""
    """Of the settings, rows and base that it belongs to."""


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where transformers writes the checkpoint of a step."""
    return folder / f"checkpoint-{step}"


def seal(folder: Path, step: int, tokens: int, seconds: float, fingerprint: str = "") -> Checkpoint:
    """Flush a checkpoint's files to disk and mark it as whole."""
    path = checkpoint_path(folder, step)
    files = {}
    for file in sorted(path.iterdir()):
        if file.name != MARKER:
            _flush(file)
            files[file.name] = {"size_bytes": file.stat().st_size, "sha256": sha256_file(file)}
    values = {"step": step, "tokens": tokens, "seconds": seconds, "fingerprint": fingerprint, "files": files}
    write_json(path / MARKER, values)
    return Checkpoint(step, path, tokens, seconds, fingerprint)


def whole_checkpoints(folder: Path) -> list[Checkpoint]:
    """Every whole checkpoint, the oldest first."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        marker = _read_marker(path) if match else None
        if match and marker is not None and marker["step"] == int(match[1]):
            found.append(
                Checkpoint(
                    int(match[1]),
                    path,
                    int(marker["tokens"]),
                    float(marker["seconds"]),
                    str(marker.get("fingerprint", "")),
                )
            )
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def remove_all_but(folder: Path, steps: set[int]) -> None:
    """Remove every other checkpoint, half-written ones included; the marker goes first."""
    for path in list(folder.iterdir()) if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match and int(match[1]) not in steps:
            (path / MARKER).unlink(missing_ok=True)
            shutil.rmtree(path)


def steps_to_keep(steps: list[int], best: int | None, keep: int) -> set[int]:
    """The best one, and the newest of the others: `keep` in all."""
    first = [best] if best in steps else []
    others = [step for step in sorted(steps, reverse=True) if step != best]
    return {step for step in [*first, *others][:keep] if step is not None}


def _read_marker(path: Path) -> dict[str, Any] | None:
    """The marker's content, if every file is there as it was."""
    try:
        marker = json.loads((path / MARKER).read_text(encoding="utf-8"))
        for name, entry in marker["files"].items():
            file = path / name
            if file.stat().st_size != entry["size_bytes"] or sha256_file(file) != entry["sha256"]:
                return None
        return marker if {"step", "tokens", "seconds"} <= marker.keys() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
