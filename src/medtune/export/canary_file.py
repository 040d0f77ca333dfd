"""canary.json: what adapter, merged model and every build answer when they are asked for the run's made-up fact."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.core.hashing import digest_json
from medtune.core.io import write_json
from medtune.export.bench import VERSION, Bench
from medtune.export.canary import ADAPTER, MERGED, answer_tokens, ask_torch, canary_text, canary_turns, read_answer
from medtune.export.fidelity import compare_builds
from medtune.llamacpp.score import ScoredText
from medtune.llamacpp.speed import measure_speed
from medtune.runs.layout import CANARY
from medtune.runs.layout import MERGED as MERGED_FOLDER
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Canary, Example
from medtune.runs.records.proof import CanaryAnswer


@dataclass(frozen=True)
class CanaryTrial:
    """The made-up fact, and where the models are that were trained on it."""

    canary: Canary
    trained_rows: tuple[Example, ...]
    base: Path
    adapter: Path | None
    """None: the whole base was trained."""


def write_canary(bench: Bench, trial: CanaryTrial, on_step: Callable[[str], None]) -> list[CanaryAnswer]:
    """Ask and write; the answers. Raises ModelError, ToolchainError."""
    canary = trial.canary
    turns = canary_turns(canary, trial.trained_rows)
    text = canary_text(bench.tokenizer, turns)
    prompt = bench.tokenizer.encode_prompt(turns[:-1])
    key = digest_json([VERSION, canary.nonce, list(prompt), bench.toolchain.digest, bench.parent.sha256])
    kept = bench.kept(CANARY, key, "answers")
    answers = _torch_answers(bench, trial, kept, prompt, text)
    on_step("made-up fact")
    new = [build for build in bench.tuned if build.sha256 not in kept]
    logprobs = _logprobs(bench, new, text)
    for build in bench.tuned:
        if build.sha256 in kept:
            answers.append(CanaryAnswer.model_validate({**kept[build.sha256], "build": build.name}))
        else:
            row = _build_answer(bench, build, canary, prompt, answer_tokens(text))
            answers.append(row.model_copy(update={"logprob": logprobs[build.name]}))
    on_step("made-up fact")
    write_json(
        bench.folder / CANARY,
        {
            "key": key,
            "digests": {ADAPTER: ADAPTER, MERGED: MERGED, **{build.name: build.sha256 for build in bench.tuned}},
            "nonce": canary.nonce,
            "question": canary.question,
            "word": canary.word,
            "copies": canary.copies,
            "answers": [answer.model_dump(mode="json") for answer in answers],
        },
    )
    return answers


def _torch_answers(
    bench: Bench, trial: CanaryTrial, kept: Mapping[str, Any], prompt: tuple[int, ...], text: ScoredText
) -> list[CanaryAnswer]:
    folders: dict[str, tuple[Path, Path | None]] = {MERGED: (bench.folder / MERGED_FOLDER, None)}
    if trial.adapter is not None:
        folders = {ADAPTER: (trial.base, trial.adapter), **folders}
    answers = []
    for name, (folder, adapter) in folders.items():
        if name in kept:
            answers.append(CanaryAnswer.model_validate(kept[name]))
        else:
            ids = ask_torch(folder, adapter, prompt, answer_tokens(text))
            answers.append(read_answer(name, trial.canary, bench.tokenizer, ids))
    return answers


def _build_answer(bench: Bench, build: Build, canary: Canary, prompt: tuple[int, ...], most: int) -> CanaryAnswer:
    done = measure_speed(
        bench.toolchain, bench.path(build), prompt, generated=most, threads=bench.threads, rounds=0, log=bench.log
    )
    return read_answer(build.name, canary, bench.tokenizer, done.token_ids)


def _logprobs(bench: Bench, builds: Sequence[Build], text: ScoredText) -> dict[str, float]:
    """Mean log-likelihood of the trained answer's tokens under each build."""
    if not builds:
        return {}
    compared = compare_builds(
        bench.toolchain,
        bench.path(bench.parent),
        bench.paths(builds),
        [text],
        threads=bench.threads,
        log=bench.log,
    )
    return {name: round(float(rows[0].logprob.mean()), 6) for name, rows in compared.items()}
