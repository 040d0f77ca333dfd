"""fidelity.json: every build's predictions against F16's, how much of the training's gain it kept, and its speed."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medtune.core.hashing import digest_json
from medtune.core.io import write_json, write_text
from medtune.export.bench import VERSION, Bench
from medtune.export.fidelity import compare_builds, summarise
from medtune.export.heldout import HeldOut
from medtune.llamacpp.perplexity import CONTEXT, compare_perplexity, write_base
from medtune.llamacpp.speed import measure_speed
from medtune.runs.layout import FIDELITY
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Example
from medtune.runs.records.proof import Fidelity, Speed

_PROMPT_TOKENS = 128
_GENERATED_TOKENS = 32


def write_fidelity(
    bench: Bench, chats: HeldOut, *, text: str, perplexity_rows: Sequence[Example], on_step: Callable[[str], None]
) -> dict[str, Any]:
    """Measure and write; returns a few figures for the manifest. `text` says what the chats are, `perplexity_rows` what
    llama-perplexity reads, or nothing. Raises ModelError, DataError, ToolchainError."""
    texts = [[list(text.token_ids), list(text.scored)] for text in chats.texts]
    base = bench.base.sha256 if bench.base else ""
    key = digest_json([VERSION, bench.parent.sha256, base, bench.toolchain.digest, bench.threads, texts])
    rows = _fidelity(bench, chats, bench.kept(FIDELITY, key, "builds"))
    on_step("fidelity")
    known, prompt = bench.kept(FIDELITY, key, "speed"), _prompt(chats)
    speed = []
    for build in bench.builds:
        row = known.get(build.sha256)
        speed.append(Speed.model_validate({**row, "build": build.name}) if row else _speed(bench, build, prompt))
        on_step(f"speed of {build.name}")
    write_json(
        bench.folder / FIDELITY,
        {
            "key": key,
            "digests": {build.name: build.sha256 for build in bench.builds},
            "reference": bench.parent.name,
            "text": text,
            "rows": list(chats.rows),
            "topics": len(set(chats.topics)),
            "tokens": chats.tokens,
            "threads": bench.threads,
            "builds": [row.model_dump(mode="json") for row in rows],
            "speed": [row.model_dump(mode="json") for row in speed],
            "llama_perplexity": _own_perplexity(bench, perplexity_rows) if perplexity_rows else None,
        },
    )
    return {
        "rows": len(set(chats.rows)),
        "tokens": chats.tokens,
        "kl": {row.build: row.kl.value for row in rows},
        "gain_kept": {row.build: row.gain_kept.value for row in rows if row.gain_kept is not None},
    }


def _fidelity(bench: Bench, chats: HeldOut, kept: Mapping[str, Any]) -> list[Fidelity]:
    """A row a build: those known from before, and the others measured together."""
    new = [build for build in bench.tuned if build.sha256 not in kept]
    found = {
        build.name: Fidelity.model_validate({**kept[build.sha256], "build": build.name})
        for build in bench.builds
        if build.sha256 in kept
    }
    if new:
        others = [build for build in new if build.role == "quantization"]
        wanted = [*bench.comparable_base(), *others] or [bench.parent]
        compared = compare_builds(
            bench.toolchain,
            bench.path(bench.parent),
            bench.paths(wanted),
            chats.texts,
            threads=bench.threads,
            log=bench.log,
        )
        base = bench.base.name if bench.base else ""
        found |= {row.build: row for row in summarise(compared, chats, parent=bench.parent.name, base=base)}
    return [found[build.name] for build in bench.builds if build.name in found]


def _prompt(chats: HeldOut) -> tuple[int, ...]:
    """The first tokens of the held-out chats, one after the other."""
    ids = [token for text in chats.texts for token in text.token_ids]
    return tuple(ids[:_PROMPT_TOKENS])


def _speed(bench: Bench, build: Build, prompt: tuple[int, ...]) -> Speed:
    done = measure_speed(
        bench.toolchain,
        bench.path(build),
        prompt,
        generated=_GENERATED_TOKENS,
        threads=bench.threads,
        log=bench.log,
    )
    return Speed(
        build=build.name,
        size_bytes=build.size_bytes,
        prompt_tokens_per_s=round(done.prompt_tokens_per_s, 2),
        generated_tokens_per_s=round(done.generated_tokens_per_s, 2),
        peak_bytes=done.peak_bytes,
        prompt_tokens=done.prompt_tokens,
        generated_tokens=len(done.token_ids),
        load_s=round(done.load_s, 4),
    )


def _own_perplexity(bench: Bench, examples: Sequence[Example]) -> dict[str, Any]:
    """llama-perplexity's figures for each quantization, on chats as running text."""
    text = "\n".join(bench.tokenizer.render(example.messages) for example in examples)
    with tempfile.TemporaryDirectory(prefix="perplexity-", dir=bench.folder) as scratch:
        source, logits = Path(scratch) / "rows.txt", Path(scratch) / "logits.bin"
        write_text(source, text)
        write_base(bench.toolchain, bench.path(bench.parent), source, logits, threads=bench.threads, log=bench.log)
        figures = {}
        for build in bench.tuned:
            if build.role == "quantization":
                found = compare_perplexity(
                    bench.toolchain, bench.path(build), logits, threads=bench.threads, log=bench.log
                )
                figures[build.name] = asdict(found)
    return {"context": CONTEXT, "builds": figures}
