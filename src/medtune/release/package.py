"""The files of a release folder: the verified copy of the GGUF, the texts beside it, and their checksums."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from medtune.chat.base import BaseInfo
from medtune.chat.config_file import read_config
from medtune.core.errors import RunDirError
from medtune.core.hashing import sha256_file
from medtune.core.io import disk_errors, write_text
from medtune.release.card import CardFacts, card
from medtune.release.facts import RunFacts
from medtune.release.modelfile import modelfile
from medtune.runs.layout import CARD, MANIFEST, MODELFILE, RESPONSES, RESUME, SHA256SUMS, RunDir, gguf_name
from medtune.runs.records.ask import Response
from medtune.runs.records.audit import Verdict
from medtune.runs.records.base import read_rows
from medtune.runs.records.export import Build
from medtune.tasks import FORM_ONLY_NOTE, Task

_CONTEXT_STEP = 256
_COPY_BYTES = 1 << 20
_TOKENIZER_CONFIG = "tokenizer_config.json"


@dataclass(frozen=True)
class Subject:
    """What is released, or would be: the run's facts with the recipe's part of them."""

    name: str
    description: str
    facts: RunFacts
    base: BaseInfo
    task: Task


def write_package(folder: Path, run: RunDir, subject: Subject, chosen: Verdict, reason: str) -> dict[str, str]:
    """Copy the chosen GGUF and write Modelfile and card; returns the sha256 of the two texts.

    Raises RunDirError when the GGUF is gone or is not the one that was asked.
    """
    build = subject.facts.builds[chosen.build]
    file = gguf_name(subject.name, build.name)
    copy_verified(run.stage("export") / build.file, folder / file, build)
    num_ctx = _num_ctx(run, subject)
    write_text(folder / MODELFILE, _modelfile(subject, chosen, build, num_ctx))
    card_facts = CardFacts(
        name=subject.name,
        description=subject.description,
        task=subject.task,
        base_name=subject.base.name,
        base_licence=subject.base.family.licence,
        base_terms=" ".join(part for part in (subject.base.family.terms, subject.base.family.terms_address) if part),
        chosen=chosen,
        reason=reason,
        file=file,
        sha256=build.sha256,
        num_ctx=num_ctx,
    )
    write_text(folder / CARD, card(card_facts, subject.facts))
    return {name: sha256_file(folder / name) for name in (MODELFILE, CARD)}


def _modelfile(subject: Subject, chosen: Verdict, build: Build, num_ctx: int) -> str:
    facts, base, task = subject.facts, subject.base, subject.task
    file = gguf_name(subject.name, build.name)
    licences = [f"Base model {base.name}: {base.family.terms_in_words}"]
    licences += [
        f"Data {source.name}: {source.licence}. {source.attribution}".strip() for source in facts.sources if source.kept
    ]
    return modelfile(
        gguf=file,
        header=(
            f"{subject.name}, build {build.name}, made by medtune. Verdict: {chosen.verdict}.",
            f"Scope: {FORM_ONLY_NOTE}." if chosen.scope == "form" else f"Scope: {chosen.scope}.",
            "Not clinically validated. Never use it for diagnosis, treatment, triage or emergencies.",
            f"{file}: sha256 {build.sha256}",
        ),
        system=task.system,
        licences=licences,
        temperature=task.decoding.temperature,
        num_ctx=num_ctx,
        num_predict=facts.asked.get("max_tokens") or task.decoding.max_tokens,
        repeat_penalty=task.decoding.repeat_penalty,
        repeat_last_n=task.decoding.repeat_last_n,
        stop=_stop_strings(base),
    )


def _stop_strings(base: BaseInfo) -> tuple[str, ...]:
    """The family's end-of-turn token; for a family without one, what the base's tokenizer calls its end."""
    if base.family.end_of_turn:
        return (base.family.end_of_turn,)
    if not (base.folder / _TOKENIZER_CONFIG).is_file():
        return ()
    token = read_config(base.folder, _TOKENIZER_CONFIG).get("eos_token")
    text = token.get("content") if isinstance(token, dict) else token
    return (text,) if isinstance(text, str) and text else ()


def _num_ctx(run: RunDir, subject: Subject) -> int:
    """Tokens of context: the audit's own, else room for the longest prompt that was asked and a whole answer."""
    audited = subject.facts.asked.get("context")
    if isinstance(audited, int) and audited > 0:
        return audited
    answers = read_rows(run.stage("ask") / RESPONSES, Response)
    longest = max((answer.prompt_tokens for answer in answers), default=0) + subject.task.decoding.max_tokens
    needed = max(longest, subject.facts.setting("train", "train", "max_seq_length") or 0)
    return -(-needed // _CONTEXT_STEP) * _CONTEXT_STEP


def copy_verified(source: Path, target: Path, build: Build) -> None:
    """Copy the GGUF and hash the bytes on their way: what is released is what was asked. Raises RunDirError."""
    next_step = "make the builds again: `medtune run RECIPE --from export`"
    if not source.is_file():
        raise RunDirError(f"the GGUF of {build.name} is gone", where=str(source), next_step=next_step)
    digest = hashlib.sha256()
    with disk_errors(target), source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(_COPY_BYTES):
            digest.update(chunk)
            writing.write(chunk)
    if digest.hexdigest() != build.sha256:
        target.unlink()
        raise RunDirError(
            f"the GGUF of {build.name} was changed since its export: its sha256 is not that of builds.json",
            where=str(source),
            next_step=next_step,
        )
    shutil.copymode(source, target)


def write_sums(folder: Path) -> None:
    """SHA256SUMS for `sha256sum -c`: all files but itself and what the run directory keeps for itself."""
    names = sorted(path.name for path in folder.iterdir() if path.name not in (SHA256SUMS, MANIFEST, RESUME))
    write_text(folder / SHA256SUMS, "".join(f"{sha256_file(folder / name)}  {name}\n" for name in names))
