"""Asking with a real llama-server, on the builds of a random model of 1.3 million weights."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from exportrun import copy_run, example, recipe_of, view

from medtune.ask import asking, stage
from medtune.ask.asking import ask_build
from medtune.ask.cases import held_out_cases, questions_of
from medtune.ask.noise import measure_noise
from medtune.ask.setting import Setting, count_prompts
from medtune.chat import load_tokenizer
from medtune.config.recipe import Recipe
from medtune.core.errors import DataError, ModelError, RunDirError, ServerError
from medtune.core.io import read_json
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.messages import Decoding
from medtune.llm.server import LlamaServer
from medtune.runs.freshness import state_of
from medtune.runs.layout import ASKED, CASES, RESPONSES, TEST, RunDir
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.base import read_rows, write_rows
from medtune.runs.records.prepare import Example
from medtune.tasks import load_task

Exported = tuple[RunDir, Recipe]
CASES_6 = held_out_cases([example(number) for number in range(6)], load_task("terminology"), 6)
QUESTIONS_6 = questions_of(CASES_6, 0)
BUILD_NAMES = ["base-F16", "F16", "Q8_0", "Q4_K_M"]
PLAIN = Setting(Decoding(max_tokens=24, top_k=1), context=256, threads=1, servers=1, timeout_s=30.0)


def ask(toolchain: Toolchain, gguf: Path, how: Setting, logs: Path, cases: tuple[AskedCase, ...]) -> dict[str, str]:
    answers: dict[str, str] = {}
    ask_build(
        toolchain,
        "F16",
        gguf,
        questions_of(cases, 0),
        setting=how,
        logs=logs,
        on_answer=lambda one: answers.update({one.case: one.text}),
    )
    return answers


@pytest.fixture
def parent(exported: Exported) -> Path:
    return exported[0].stage("export") / "toy-run-F16.gguf"


def test_the_same_build_asked_twice_gives_the_same_answers(toolchain: Toolchain, parent: Path, tmp_path: Path) -> None:
    """Whatever the order of the questions, the number of servers and what a slot has seen before."""
    first = ask(toolchain, parent, PLAIN, tmp_path, CASES_6)
    assert len(first) == 6 and len(set(first.values())) > 1
    assert ask(toolchain, parent, PLAIN, tmp_path, CASES_6) == first
    assert ask(toolchain, parent, PLAIN, tmp_path, CASES_6[::-1]) == first
    assert ask(toolchain, parent, replace(PLAIN, servers=3), tmp_path, CASES_6) == first
    assert ask(toolchain, parent, PLAIN, tmp_path, CASES_6[4:5]) == {CASES_6[4].id: first[CASES_6[4].id]}


def test_a_whole_stage(exported: Exported, tmp_path: Path) -> None:
    run, recipe = copy_run(exported[0], tmp_path / "run"), exported[1]
    seen = view(recipe, "ask", run.path)
    manifest = stage.run(seen, run)
    folder = run.stage("ask")
    assert {path.name for path in folder.iterdir()} == {CASES, RESPONSES, ASKED, "manifest.json", "logs"}
    cases, answers = read_rows(folder / CASES, AskedCase), read_rows(folder / RESPONSES, Response)
    assert [case.suite for case in cases] == ["held-out"] * 6 + ["emergency-demo"] * 20
    assert [(row.build, row.case) for row in answers] == [(name, case.id) for name in BUILD_NAMES for case in cases]
    assert all(row.finish_reason in ("stop", "length") and row.completion_tokens <= 16 for row in answers)
    assert manifest.facts["gated"] == 6 and manifest.facts["answers"] == 104 and manifest.warnings == ()
    asked = read_json(folder / ASKED)
    assert asked["decoding"]["temperature"] == 0.0 and asked["decoding"]["seed"] == recipe.seed
    assert asked["slots"] == 1 and asked["prompt_cache"] is False and asked["context"] % 256 == 0
    assert asked["suites"]["emergency-demo"]["cases"] == 20 and len(asked["suites"]["emergency-demo"]["digest"]) == 64
    tokenizer = load_tokenizer(run.stage("export") / "merged")
    assert asked["prompt_tokens"] == {case.id: len(tokenizer.encode_prompt(case.messages)) for case in cases}
    assert {row.case: row.prompt_tokens for row in answers} == asked["prompt_tokens"]
    for name, values in asked["builds"].items():
        mine = [row for row in answers if row.build == name]
        assert values["answer_tokens"] == sum(row.completion_tokens for row in mine)
        assert "--no-cache-prompt" in values["flags"] and not any("/" in flag for flag in values["flags"])
    assert state_of(stage, seen, run).fresh
    for log in (folder / "logs").iterdir():
        text = log.read_text(encoding="utf-8", errors="replace")
        assert "condition 3" not in text and "You explain medical terms" not in text

    # One more suite case: the answers that are known are kept, also those of a build that is new to nobody.
    before = {(row.build, row.case): row for row in answers}
    write_rows(run.stage("prepare") / TEST, [example(number) for number in range(7)])
    more = view(recipe_of(Path(recipe.base.path), suites={"names": [], "held_out": 7}), "ask", run.path)
    stage.run(more, run)
    again = read_rows(folder / RESPONSES, Response)
    assert len(again) == 28
    assert sum(before.get((row.build, row.case)) == row for row in again) == 24


_ASK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from exportrun import recipe_of, view
from medtune.ask import stage
from medtune.runs.layout import RunDir
run = RunDir(Path(sys.argv[2]))
stage.run(view(recipe_of(Path(sys.argv[3])), "ask", run.path), run)
"""


def test_a_killed_stage_goes_on_with_the_next_missing_case(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, recipe = copy_run(exported[0], tmp_path / "run"), exported[1]
    support = Path(__file__).parents[1] / "support"
    argv = [sys.executable, "-c", _ASK, str(support), str(run.path), recipe.base.path]
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    growing = run.partial("ask") / "answers"
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in growing.glob("Q8_0-*.jsonl")):  # made empty, then written to
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert psutil.wait_procs(children, timeout=10)[1] == [], "its servers outlive it"
    assert not run.stage("ask").exists()
    kept = sum(len(path.read_bytes().splitlines()) for path in growing.iterdir())
    assert 52 < kept < 104
    asked_now: list[str] = []
    real = asking._ask

    def counting(
        server: LlamaServer, build: str, question: tuple[AskedCase, int], how: Setting, shared: asking._Shared
    ) -> Response:
        asked_now.append(question[0].id)
        return real(server, build, question, how, shared)

    monkeypatch.setattr(asking, "_ask", counting)
    stage.run(view(recipe, "ask", run.path), run)
    assert 104 - kept <= len(asked_now) <= 104 - kept + 1  # a line that the kill cut short is asked again
    whole = copy_run(exported[0], tmp_path / "whole")
    stage.run(view(recipe, "ask", whole.path), whole)

    def texts(one: RunDir) -> list[tuple[str, str, str]]:
        return [(row.build, row.case, row.text) for row in read_rows(one.stage("ask") / RESPONSES, Response)]

    assert texts(run) == texts(whole)


def test_a_server_that_dies_is_restarted_once_then_quoted(
    toolchain: Toolchain, parent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, deaths = LlamaServer.chat, []

    def dying(times: int) -> None:
        deaths.clear()

        def chat(self: LlamaServer, *args: object) -> object:
            if len(deaths) < times and self.pid:
                deaths.append(self.pid)
                psutil.Process(self.pid).kill()
            return real(self, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(LlamaServer, "chat", chat)

    dying(1)
    answers: list[Response] = []
    done = ask_build(toolchain, "F16", parent, QUESTIONS_6, setting=PLAIN, logs=tmp_path, on_answer=answers.append)
    assert done.restarts == 1 and [one.case for one in answers] == [case.id for case in CASES_6]
    dying(2)
    answers.clear()
    with pytest.raises(ServerError, match="died") as caught:
        ask_build(toolchain, "F16", parent, QUESTIONS_6, setting=PLAIN, logs=tmp_path, on_answer=answers.append)
    assert "\n  | " in str(caught.value) and caught.value.exit_code == 2
    assert len(answers) <= 1


def test_a_question_without_an_answer_in_time_is_an_error_and_three_in_a_row_end_it(
    toolchain: Toolchain, parent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LlamaServer.chat
    slow = {CASES_6[1].messages[1].content}

    def chat(self: LlamaServer, messages: list[dict[str, str]], decoding: Decoding) -> object:
        if messages[1]["content"] in slow:
            raise ServerError("no answer in time", next_step="wait longer")
        return real(self, messages, decoding)  # type: ignore[arg-type]

    monkeypatch.setattr(LlamaServer, "chat", chat)
    answers: list[Response] = []
    ask_build(toolchain, "F16", parent, QUESTIONS_6, setting=PLAIN, logs=tmp_path, on_answer=answers.append)
    assert [one.finish_reason == "error" for one in answers] == [False, True, False, False, False, False]
    slow.update(case.messages[1].content for case in CASES_6[2:])
    with pytest.raises(ServerError, match="no answer in time"):
        ask_build(toolchain, "F16", parent, QUESTIONS_6, setting=PLAIN, logs=tmp_path, on_answer=answers.append)


def test_a_build_that_is_no_gguf_is_said_to_be_one(toolchain: Toolchain, parent: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(parent.read_bytes()[:100_000])
    with pytest.raises((ServerError, ModelError), match=r"broken\.gguf|not a whole GGUF") as caught:
        ask_build(toolchain, "F16", broken, QUESTIONS_6, setting=PLAIN, logs=tmp_path, on_answer=lambda one: None)
    assert caught.value.exit_code == 2


def test_a_build_that_changed_since_its_export_is_not_asked(exported: Exported, tmp_path: Path) -> None:
    run, recipe = copy_run(exported[0], tmp_path / "run"), exported[1]
    path = run.stage("export") / "toy-run-Q8_0.gguf"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(RunDirError, match=r"toy-run-Q8_0\.gguf is missing or no longer"):
        stage.run(view(recipe, "ask", run.path), run)
    assert not run.partial("ask").exists()


def test_nothing_to_ask_is_an_error(exported: Exported, tmp_path: Path) -> None:
    run = copy_run(exported[0], tmp_path / "run")
    write_rows(run.stage("prepare") / TEST, list[Example]())
    empty = recipe_of(Path(exported[1].base.path), suites={"names": []})
    with pytest.raises(DataError, match="nothing to ask"):
        stage.run(view(empty, "ask", run.path), run)


def test_prompts_are_counted_as_the_server_reads_them(toolchain: Toolchain, parent: Path, tmp_path: Path) -> None:
    counts = count_prompts(toolchain, parent, CASES_6, tmp_path / "log")
    tokenizer = load_tokenizer(parent.parent / "merged")
    assert counts == {case.id: len(tokenizer.encode_prompt(case.messages)) for case in CASES_6}


def test_plan_needs_no_finished_stage(exported: Exported, tmp_path: Path) -> None:
    run, recipe = exported
    lines = stage.plan(view(recipe, "ask", tmp_path), RunDir(tmp_path))
    assert lines[0] == "ask at most 6 held-out examples and 20 cases of the suite emergency-demo"
    assert lines[1] == "of base-F16, F16 and each quantization"
    assert stage.plan(view(recipe, "ask", run.path), run)[1] == "of base-F16, F16, Q8_0, Q4_K_M"


CRITICAL_2 = tuple(case.model_copy(update={"critical": number == 1}) for number, case in enumerate(CASES_6[:2]))


def test_samples_of_critical_cases_have_seeds_of_their_own_and_come_again(
    toolchain: Toolchain, parent: Path, tmp_path: Path
) -> None:
    how = replace(PLAIN, sampling=replace(PLAIN.decoding, temperature=1.5, top_k=0, seed=7))
    runs = []
    for _ in range(2):
        answers: list[Response] = []
        questions = questions_of(CRITICAL_2, 3)
        ask_build(toolchain, "F16", parent, questions, setting=how, logs=tmp_path, on_answer=answers.append)
        runs.append([(one.case, one.sample, one.seed, one.text) for one in answers])
    assert runs[0] == runs[1]
    assert [(case, sample) for case, sample, _, _ in runs[0]] == [
        (CRITICAL_2[0].id, 0), (CRITICAL_2[1].id, 0), *((CRITICAL_2[1].id, sample) for sample in (1, 2, 3)),
    ]  # fmt: skip
    assert [seed for *_, seed, _ in runs[0][:2]] == [None, None]
    assert len({seed for *_, seed, _ in runs[0][2:]}) == 3
    assert len({text for *_, text in runs[0][2:]}) > 1


def test_parallel_slots_answer_everything_and_publish_their_noise(
    toolchain: Toolchain, parent: Path, tmp_path: Path
) -> None:
    how = replace(PLAIN, slots=4)
    answers: list[Response] = []
    ask_build(toolchain, "F16", parent, QUESTIONS_6, setting=how, logs=tmp_path, on_answer=answers.append)
    known = {(one.case, one.sample): one for one in answers}
    assert set(known) == {(case.id, 0) for case in CASES_6}
    noise = measure_noise(toolchain, parent, CASES_6, how, known, logs=tmp_path)
    assert noise["asked_twice"] == 6 and 0 <= noise["changed"] <= 6
    assert noise["low"] <= noise["rate"] <= noise["high"]
