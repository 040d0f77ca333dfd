"""A release as Ollama takes it: its name there, the request that makes it, and the commands for doing it by hand."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.core.errors import UsageError
from medtune.core.io import read_text
from medtune.release.modelfile import OLLAMA_SINCE
from medtune.runs.layout import MODELFILE
from medtune.ship.folder import ReleaseFolder
from medtune.ship.modelfile.check import check_modelfile
from medtune.ship.modelfile.parse import Command, parse_modelfile

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)*(:[\w.-]+)?")
_WHOLE = ("num_ctx", "num_predict", "repeat_last_n", "seed", "top_k", "num_keep")


@dataclass(frozen=True)
class Package:
    """What is imported: the file, its digest, and everything that its Modelfile says."""

    name: str
    folder: Path
    gguf: Path
    sha256: str
    commands: tuple[Command, ...]

    @property
    def system(self) -> str:
        """The system text."""
        return next((one.value for one in self.commands if one.name == "system"), "")

    @property
    def template(self) -> str:
        """The Go template; empty where the GGUF's own is used."""
        return next((one.value for one in self.commands if one.name == "template"), "")

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters in the types that the API takes."""
        found: dict[str, Any] = {}
        for one in self.commands:
            if one.parameter and one.name == "stop":
                found.setdefault("stop", []).append(one.value)
            elif one.parameter:
                found[one.name] = int(one.value) if one.name in _WHOLE else float(one.value)
        return found

    def request(self) -> dict[str, Any]:
        """The body of POST /api/create. It never holds `quantize`: these bytes are the audited ones."""
        body: dict[str, Any] = {
            "model": self.name,
            "files": {self.gguf.name: f"sha256:{self.sha256}"},
            "parameters": self.parameters,
            "system": self.system,
            "license": [one.value for one in self.commands if one.name == "license"],
        }
        if self.template:
            body["template"] = self.template
        requires = next((one.value for one in self.commands if one.name == "requires"), None)
        return body | ({"requires": requires} if requires else {})


def package_of(found: ReleaseFolder, name: str | None = None) -> Package:
    """The package of a verified release. Raises UsageError: a bad name, or a Modelfile that would ask it otherwise."""
    gguf = found.gguf
    wanted = name or f"{found.row.name}:{(found.row.released or 'latest').lower()}"
    if not _NAME.fullmatch(wanted):
        raise UsageError(f"Ollama takes no such name: {wanted!r}", next_step="name it with --name, e.g. ward-notes:v1")
    path = found.path / MODELFILE
    for one in check_modelfile(path, release=found.path):
        if one.level == "error":
            raise UsageError(f"the Modelfile of this release is wrong: {one.what}", where=f"{path}:{one.line}",
                             next_step=one.next_step)  # fmt: skip
    commands = parse_modelfile(read_text(path), str(path))
    return Package(wanted, found.path, gguf, found.row.sha256 or "", commands)


def by_hand(package: Package) -> str:
    """The exact commands for a machine where Ollama runs."""
    return "\n".join(
        (
            f"# Ollama {OLLAMA_SINCE} or newer; all files lie in {package.folder}",
            f"cd {package.folder}",
            "sha256sum -c SHA256SUMS",
            f"ollama create {package.name} -f {MODELFILE}",
            f"ollama show {package.name} --modelfile",
            f"ollama run {package.name}",
        )
    )
