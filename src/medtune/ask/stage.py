"""The ask stage: the same questions to every build, the answers kept as they came."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from medtune.ask.answers import (
    ANSWERS,
    Known,
    Question,
    answers_file,
    answers_of_earlier,
    answers_so_far,
    append_answer,
    in_order,
)
from medtune.ask.asking import Asked, ask_build
from medtune.ask.cases import held_out_cases, questions_of, suite_cases
from medtune.ask.figures import figures, suite_facts
from medtune.ask.noise import measure_noise
from medtune.ask.setting import (
    Setting,
    as_facts,
    choose_context,
    choose_servers,
    choose_threads,
    count_prompts,
    trained_context,
    usable_cores,
)
from medtune.ask.trained import check_not_trained
from medtune.config.recipe import RecipeView
from medtune.core.console import Progress, progress
from medtune.core.errors import DataError, MedtuneError, RunDirError
from medtune.core.hashing import sha256_file
from medtune.core.io import write_json
from medtune.llamacpp.toolchain import Toolchain, find
from medtune.llm.messages import Decoding
from medtune.runs.layout import ASKED, BUILDS, CASES, RESPONSES, TEST, TRAIN, RunDir
from medtune.runs.manifest import Manifest, read_manifest
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.base import read_row_list, read_rows, write_rows
from medtune.runs.records.export import BASE_BUILD, PARENT_BUILD, Build
from medtune.runs.records.prepare import Example
from medtune.runs.stage import StageFolder, open_stage
from medtune.suites import load_suite, site_files
from medtune.tasks import Task, load_task

NAME = "ask"
NEEDS = ("prepare", "export")
READS = ("suites", "ask", "task", "llama_cpp", "seed")
VERSION = 1

_LOGS = "logs"


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What would be asked of which builds."""
    suites, task = recipe.suites, load_task(recipe.task)
    at_most = min(suites.held_out, suites.limit or suites.held_out)
    asked = [f"at most {at_most} held-out examples"]
    for name in suites.names:
        asked.append(f"{len(load_suite(name, recipe.folder).questions[: suites.limit])} cases of the suite {name}")
    try:
        builds = ", ".join(build.name for build in read_row_list(run.stage("export") / BUILDS, Build))
    except MedtuneError:
        builds = f"{BASE_BUILD}, {PARENT_BUILD} and each quantization"
    return [
        f"ask {' and '.join(asked)}",
        f"of {builds}",
        f"greedily, at most {recipe.ask.max_tokens or task.decoding.max_tokens} tokens an answer, one slot a server, "
        "no prompt cache",
        *_samples_words(recipe),
    ]


def _samples_words(recipe: RecipeView) -> list[str]:
    if not recipe.ask.samples:
        return []
    return [f"and {recipe.ask.samples} samples of each critical case at temperature {recipe.ask.sample_temperature:g}"]


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Ask everything.

    Raises DataError (nothing to ask, a prompt too long), ModelError (a build that cannot be loaded), ServerError (a
    server that died twice, with the last lines of its log), RunDirError (a build changed since its export),
    ToolchainError, ResourceError.
    """
    for need in NEEDS:
        read_manifest(run, need)
    task = load_task(recipe.task)
    cases = _cases(recipe, run, task)
    builds = {build.name: build for build in read_row_list(run.stage("export") / BUILDS, Build)}
    toolchain = find(str(recipe.resolve(recipe.llama_cpp)) if recipe.llama_cpp else None)
    for build in builds.values():
        _check_build(run.stage("export") / build.file, build)
    stage = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION)
    files = {name: run.stage("export") / build.file for name, build in builds.items()}
    prompt_tokens = count_prompts(toolchain, files[PARENT_BUILD], cases, stage.path / _LOGS / "prompts.log")
    setting = _setting(recipe, task, prompt_tokens, files, toolchain)
    write_rows(stage.path / CASES, cases)
    keys = {name: setting.key(build.sha256, toolchain) for name, build in builds.items()}
    questions = questions_of(cases, recipe.ask.samples)
    wanted = [(case.id, sample) for case, sample in questions]
    known = _known(stage, run, keys, cases, wanted)
    asked: dict[str, Asked] = {}
    with progress(len(builds) * len(questions), "ask") as bar:
        for name, gguf in files.items():
            missing = [(case, sample) for case, sample in questions if (case.id, sample) not in known[name]]
            bar.advance(len(questions) - len(missing), build=name)
            if missing:
                keep = _keeper(answers_file(stage.path, name, keys[name]), known[name], bar)
                logs = stage.path / _LOGS
                asked[name] = ask_build(toolchain, name, gguf, missing, setting=setting, logs=logs, on_answer=keep)
                stage.event("asked", build=name, questions=len(missing), seconds=round(asked[name].seconds, 3))
    write_rows(stage.path / RESPONSES, in_order(keys, wanted, known))
    facts = {
        **as_facts(setting, toolchain),
        "cases": len(cases),
        "gated": sum(case.gated for case in cases),
        "suites": suite_facts(recipe.suites.names, cases, recipe.folder),
        "builds": {
            name: {**_file_facts(build, keys[name]), **figures(known[name].values(), asked.get(name, Asked()))}
            for name, build in builds.items()
        },
        "prompt_tokens": prompt_tokens,
        "samples": recipe.ask.samples,
    }
    if setting.slots > 1:
        facts["noise"] = measure_noise(
            toolchain, files[PARENT_BUILD], cases, setting, known[PARENT_BUILD], logs=stage.path / _LOGS
        )
    write_json(stage.path / ASKED, facts)
    shutil.rmtree(stage.path / ANSWERS, ignore_errors=True)
    return _finish(stage, recipe, facts, toolchain)


def _cases(recipe: RecipeView, run: RunDir, task: Task) -> tuple[AskedCase, ...]:
    """Everything that is asked. Raises DataError when that is nothing, UsageError for an unknown suite."""
    suites = recipe.suites
    examples = read_rows(run.stage("prepare") / TEST, Example)
    cases = held_out_cases(examples, task, min(suites.held_out, suites.limit or suites.held_out))
    for name in suites.names:
        cases += suite_cases(load_suite(name, recipe.folder), task, suites.limit)
    if not cases:
        raise DataError(
            "there is nothing to ask: the test split is empty and no suite is named",
            where=str(run.stage("prepare") / TEST),
            next_step="raise `prepare.test_share`, name a `prepare.test_file`, or name a suite in `suites.names`",
        )
    check_not_trained(cases, run.stage("prepare") / TRAIN)
    return cases


def _check_build(path: Path, build: Build) -> None:
    """Raises RunDirError when a file is no longer what was exported."""
    if not path.is_file() or path.stat().st_size != build.size_bytes or sha256_file(path) != build.sha256:
        raise RunDirError(
            f"{build.file} is missing or no longer the file that was exported",
            where=str(path),
            next_step="export again: `medtune run RECIPE --from export`",
        )


def _setting(
    recipe: RecipeView, task: Task, prompt_tokens: dict[str, int], files: dict[str, Path], toolchain: Toolchain
) -> Setting:
    """How the questions are put to every build."""
    decoding = task.decoding.settings(max_tokens=recipe.ask.max_tokens, seed=recipe.seed)
    cores, largest = usable_cores(), max(path.stat().st_size for path in files.values())
    threads = choose_threads(largest, toolchain, recipe.ask.threads, cores)
    return Setting(
        decoding=decoding,
        context=choose_context(prompt_tokens, decoding.max_tokens, trained_context(files[PARENT_BUILD])),
        threads=threads,
        servers=choose_servers(largest, toolchain, threads=threads, cores=cores, cases=len(prompt_tokens)),
        timeout_s=recipe.ask.timeout_s,
        slots=recipe.ask.slots,
        sampling=_sampling(recipe, decoding),
    )


def _sampling(recipe: RecipeView, decoding: Decoding) -> Decoding | None:
    """How the deployment draws its answers; None when no samples are asked for."""
    if not recipe.ask.samples:
        return None
    return replace(decoding, temperature=recipe.ask.sample_temperature, top_p=recipe.ask.sample_top_p)


def _known(
    stage: StageFolder, run: RunDir, keys: dict[str, str], cases: Sequence[AskedCase], wanted: Sequence[Question]
) -> dict[str, Known]:
    """Answers that need not be asked for again: of a finished stage, of a killed one, of one killed at its very end."""
    known: dict[str, Known] = {name: {} for name in keys}
    for folder in (run.stage(NAME), stage.path):
        for name, answers in answers_of_earlier(folder, keys, cases, wanted).items():
            known[name].update(answers)
    for name, key in keys.items():
        known[name].update(answers_so_far(answers_file(stage.path, name, key), wanted))
    return known


def _keeper(path: Path, known: Known, bar: Progress) -> Callable[[Response], None]:
    def keep(answer: Response) -> None:
        append_answer(path, answer)
        known[answer.case, answer.sample] = answer
        bar.advance(build=answer.build)

    return keep


def _file_facts(build: Build, key: str) -> dict[str, str]:
    """Which file was asked."""
    return {"file": build.file, "sha256": build.sha256, "key": key}


def _finish(stage: StageFolder, recipe: RecipeView, facts: dict[str, Any], toolchain: Toolchain) -> Manifest:
    warnings = []
    if not facts["gated"]:
        warnings.append("no held-out reference answer has the task's form: no answer counts for a verdict")
    if recipe.suites.limit is not None:
        warnings.append(f"limited to {recipe.suites.limit} cases (`suites.limit`): a try, not a measurement")
    failed = {name: values["errors"] for name, values in facts["builds"].items() if values["errors"]}
    if failed:
        listed = ", ".join(f"{name} {count}" for name, count in failed.items())
        warnings.append(f"questions without an answer: {listed}")
    return stage.finish(
        facts={
            "cases": facts["cases"],
            "gated": facts["gated"],
            "builds": list(facts["builds"]),
            "answers": sum(values["answers"] for values in facts["builds"].values()),
            "context": facts["context"],
            "servers": facts["servers"],
            "threads": facts["threads"],
        },
        externals=site_files(recipe.suites.names, recipe.folder),
        warnings=tuple(warnings),
        tools={"llama.cpp": toolchain.version, "llama.cpp digest": toolchain.digest},
        skip=(_LOGS,),
    )
