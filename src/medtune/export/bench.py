"""What the measurements of one export share, and the figures that an export before left behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.chat.template import ChatTokenizer
from medtune.core.errors import DataError
from medtune.core.io import read_json
from medtune.llamacpp.gguf_info import read_gguf
from medtune.llamacpp.score import vocabulary_size
from medtune.llamacpp.toolchain import Toolchain
from medtune.runs.records.export import Build

VERSION = 1
"""Raised when the same builds get other figures."""


@dataclass(frozen=True)
class Bench:
    """Builds in a folder, and what they are measured with."""

    folder: Path
    earlier: Path | None
    """An export before, whose figures count for builds that are the same."""
    toolchain: Toolchain
    builds: tuple[Build, ...]
    tokenizer: ChatTokenizer
    threads: int
    log: Path

    @property
    def parent(self) -> Build:
        """The tuned F16."""
        return next(build for build in self.builds if build.role == "parent")

    @property
    def base(self) -> Build | None:
        """The untuned F16, when there is one."""
        return next((build for build in self.builds if build.role == "base"), None)

    @property
    def tuned(self) -> tuple[Build, ...]:
        """All but the base."""
        return tuple(build for build in self.builds if build.role != "base")

    def path(self, build: Build) -> Path:
        """Where a build lies."""
        return self.folder / build.file

    def paths(self, builds: Sequence[Build]) -> dict[str, Path]:
        """Builds by name, with their files."""
        return {build.name: self.path(build) for build in builds}

    def comparable_base(self) -> tuple[Build, ...]:
        """The base, where it has the vocabulary of the tuned model."""
        base = self.base
        if base is None or _tokens(self.path(base)) != _tokens(self.path(self.parent)):
            return ()
        return (base,)

    def kept(self, file: str, key: str, rows: str) -> dict[str, Any]:
        """Rows of an earlier measurement by the digest of their build; empty when anything else changed."""
        for folder in (self.folder, self.earlier):
            if folder is None:
                continue
            try:
                values = read_json(folder / file)
                if values["key"] == key:
                    return {values["digests"][row["build"]]: row for row in values[rows]}
            except (DataError, KeyError, TypeError):
                continue
        return {}


def _tokens(gguf: Path) -> int:
    return vocabulary_size(read_gguf(gguf))
