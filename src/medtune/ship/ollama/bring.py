"""Import a release: upload what is not there, make the model, prove it, or take it away again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medtune.core.console import progress, say
from medtune.core.errors import MedtuneError, ServerError
from medtune.core.net import Egress
from medtune.runs.layout import MERGED
from medtune.ship.folder import ReleaseFolder
from medtune.ship.ollama.api import Ollama
from medtune.ship.ollama.package import Package, package_of
from medtune.ship.ollama.smoke import SmokeAnswer, ask_smoke
from medtune.ship.verify import verify_release

_FROM = re.compile(r"^FROM .*sha256[-:]([0-9a-f]{64})\s*$", re.MULTILINE)
_MIB = 1 << 20


@dataclass(frozen=True)
class Brought:
    """What an import came to."""

    package: Package
    version: str
    uploaded: bool
    prompts: str
    """What was found of the rendered prompts, in words."""
    answers: tuple[SmokeAnswer, ...]


def bring(found: ReleaseFolder, ollama: Ollama, *, name: str | None, egress: Egress, smoke: bool = True) -> Brought:
    """Verify the release, import it, verify what Ollama has of it. A model that cannot be proved is removed again.

    Raises DataError (the release differs), UsageError (Ollama too old), ResourceError (its disk), ServerError.
    """
    verify_release(found.path)
    package = package_of(found, name)
    version = ollama.check_version()
    uploaded = not ollama.has_blob(package.sha256)
    if uploaded:
        _upload(ollama, package)
    else:
        say(f"  {package.gguf.name} is there already")
    ollama.create(package.request(), lambda status: say(f"  {package.name}: {status}"))
    try:
        check_served(ollama, package)
        prompts = check_prompts(ollama, package, found, egress)
    except (MedtuneError, KeyboardInterrupt):
        say(f"  {package.name} is removed again: it could not be proved to be what was audited")
        ollama.delete(package.name)
        raise
    answers = ask_smoke(ollama, package, found) if smoke else ()
    return Brought(package, version, uploaded, prompts, tuple(answers))


def _upload(ollama: Ollama, package: Package) -> None:
    size = package.gguf.stat().st_size
    with progress(max(1, size // _MIB), f"MiB of {package.gguf.name}") as bar:
        sent = 0

        def advance(more: int) -> None:
            nonlocal sent
            bar.advance((sent + more) // _MIB - sent // _MIB)
            sent += more

        ollama.send_blob(package.gguf, package.sha256, advance)


def check_served(ollama: Ollama, package: Package) -> None:
    """Digest, system text, template and parameters as Ollama shows them. Raises ServerError naming what differs."""
    shown = ollama.show(package.name)
    if digest_of(shown) != package.sha256:
        raise _differs(package, ollama, "it is made of another file: its digest is not that of the audited GGUF")
    if str(shown.get("system", "")) != package.system:
        raise _differs(package, ollama, "its system text is not the audited one")
    template = str(shown.get("template", ""))
    if package.template and template != package.template:
        raise _differs(package, ollama, "its template is not the one in the Modelfile")
    served = _parameters(str(shown.get("parameters", "")))
    for key, value in package.parameters.items():
        wanted = sorted(value) if isinstance(value, list) else [f"{value:g}"]
        have = served.get(key, [])
        same = sorted(have) if isinstance(value, list) else [f"{float(one):g}" for one in have if _is_number(one)]
        if same != wanted:
            raise _differs(package, ollama, f"its {key} is {', '.join(have) or 'not set'}, audited was {value}")


def digest_of(shown: dict[str, Any]) -> str:
    """sha256 of the file that a model is made of, as /api/show names it; empty when it does not."""
    found = _FROM.search(str(shown.get("modelfile", "")))
    return found.group(1) if found else ""


def _parameters(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key:
            found.setdefault(key, []).append(value.strip().strip('"'))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def check_prompts(ollama: Ollama, package: Package, found: ReleaseFolder, egress: Egress) -> str:
    """Token ids of the prompts that Ollama renders against those of training; in words what was compared.

    Only where the run lies around the release: its merged folder holds training's tokenizer. Conversations without a
    system text are left out, since Ollama puts the Modelfile's there. Raises ServerError for the first that differs.
    """
    folder = found.run.stage("export") / MERGED if found.run else None
    if folder is None or not (folder / "config.json").is_file():
        return "prompts were not compared: training's tokenizer is not here"
    from medtune.chat.parity_ollama import measure_ollama
    from medtune.chat.template import load_tokenizer
    from medtune.chat.tokenizer_lines import tokenize_gguf
    from medtune.llamacpp.toolchain import find

    toolchain = find()

    def tokenize(texts: Sequence[str]) -> Sequence[Sequence[int]]:
        return tokenize_gguf(toolchain, package.gguf, texts)

    checks = [
        check
        for check in measure_ollama(ollama.address, package.name, load_tokenizer(folder), tokenize, egress=egress)
        if check.shape.startswith("system") and not check.refused
    ]
    if wrong := [check for check in checks if not check.equal]:
        first = f"{wrong[0].shape} ({wrong[0].text}): {wrong[0].difference}"
        raise _differs(package, ollama, f"{len(wrong)} of {len(checks)} prompts are not training's, first {first}")
    return f"{len(checks)} prompts are token for token those of training"


def _differs(package: Package, ollama: Ollama, what: str) -> ServerError:
    return ServerError(
        f"Ollama does not serve {package.name} as it was audited: {what}",
        where=ollama.address,
        next_step="update Ollama and import again; do not use a model that cannot be proved",
    )
