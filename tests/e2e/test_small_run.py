"""One small run from end to end, and what a person does with it afterwards."""

import json
import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from command import RECIPE, call, digests, run_words, sets, times

from medtune.core.io import read_json, read_jsonl
from medtune.runs.layout import (
    BUILDS,
    CASES,
    GRADES,
    REPORT_HTML,
    REPORT_JSON,
    RESPONSES,
    STAGE_FOLDERS,
    STATS,
    TEST,
    TRAIN,
    VERDICTS,
    RunDir,
)  # fmt: skip
from medtune.runs.lock import locked
from medtune.runs.manifest import read_manifest

if TYPE_CHECKING:
    from conftest import SmallRun

STAGES = list(STAGE_FOLDERS)
BUILDS_MADE = ["base-F16", "F16", "Q8_0", "Q2_K"]
NOTE = "form only: the words are not medically right"


def started(text: str) -> list[str]:
    """Stages that did work, from what the command said."""
    return re.findall(r"^(\w+): done in", text, re.M)


def test_every_stage_is_finished_and_says_so(small_run: "SmallRun") -> None:
    run, said = small_run.run, small_run.done.stderr
    assert started(said) == STAGES
    assert "Traceback" not in said and "crash" not in said
    assert not list(run.path.glob("*.partial"))
    for name in STAGES:
        manifest = read_manifest(run, name)
        assert manifest.digest == manifest.compute_digest()
        assert all((run.stage(name) / entry.path).stat().st_size == entry.size_bytes for entry in manifest.files)


def test_every_build_was_asked_everything_and_has_a_verdict(small_run: "SmallRun") -> None:
    run = small_run.run
    cases = [row["id"] for _, row in read_jsonl(run.stage("ask") / CASES)]
    assert len([case for case in cases if case.startswith("held-out/")]) == 10
    answered = [(row["build"], row["case"]) for _, row in read_jsonl(run.stage("ask") / RESPONSES)]
    assert sorted(answered) == sorted((build, case) for build in BUILDS_MADE for case in cases)
    graded = {(row["build"], row["case"]) for _, row in read_jsonl(run.stage("audit") / GRADES)}
    assert graded == set(answered)
    verdicts = read_json(run.stage("audit") / VERDICTS)
    assert [verdict["build"] for verdict in verdicts] == BUILDS_MADE
    assert all(verdict["scope"] == "form" and "RELEASE" not in verdict["verdict"] for verdict in verdicts)


def test_ten_cases_release_nothing(small_run: "SmallRun") -> None:
    assert small_run.done.returncode == 3
    assert "nothing was released" in small_run.done.stderr
    assert NOTE in small_run.done.stdout


def test_builds_are_what_their_entries_say(small_run: "SmallRun") -> None:
    folder = small_run.run.stage("export")
    for build in read_json(folder / BUILDS):
        data = (folder / build["file"]).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (build["size_bytes"], build["sha256"])


def test_no_topic_stands_in_two_splits_and_no_suite_prompt_is_trained(small_run: "SmallRun") -> None:
    from medtune.core.text import fold
    from medtune.suites import load_suite

    prepared = small_run.run.stage("prepare")
    rows = {name: [row for _, row in read_jsonl(prepared / name)] for name in (TRAIN, TEST)}
    assert rows[TRAIN] and rows[TEST]
    assert not {row["topic"] for row in rows[TRAIN] if row["topic"]} & {row["topic"] for row in rows[TEST]}
    asked = {fold(case.prompt) for case in load_suite("emergency-demo").cases}
    trained = {fold(turn["content"]) for row in rows[TRAIN] for turn in row["messages"]}
    assert not asked & trained


def test_the_report_needs_no_network_and_shows_every_build(small_run: "SmallRun") -> None:
    html = small_run.run.file(REPORT_HTML).read_text(encoding="utf-8")
    assert NOTE in html and all(build in html for build in BUILDS_MADE)
    loaded = re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""", html)
    links = re.findall(r"""<a [^>]*href="https?://""", html)
    assert len([hit for hit in loaded if "src" in hit or "url" in hit or "import" in hit]) == 0
    assert len(loaded) == len(links), "only links that a person clicks may lead elsewhere"
    card, stats = read_json(small_run.run.file(REPORT_JSON))["data"], read_json(small_run.run.stage("prepare") / STATS)
    assert {row["split"]: row["examples"] for row in card["splits"]} == stats["rows"]
    assert card["licences"] == stats["licences"] and "CC BY 4.0" in card["licences"][0]["terms"]
    assert card["cut"]["rows"] == stats["cut"]["rows"] and card["samples"] == stats["samples"] != []
    assert card["clusters"]["kept"] == stats["groups"]["near_duplicates"]["kept"]
    assert {row["name"] for row in card["decontamination"]} == set(stats["decontamination"])
    assert [row["kind"] for row in card["phi"]["kinds"] if row["planted"]] == list(stats["phi"]["planted"]["recall"])


def test_raw_text_stays_where_it_belongs(small_run: "SmallRun") -> None:
    run = small_run.run
    assert run.stage("collect").stat().st_mode & 0o077 == 0
    answers = [row["answer"][:60] for _, row in read_jsonl(run.stage("collect") / "records.jsonl") if row["answer"]]
    logs = [run.file("events.jsonl"), run.stage("prepare") / "rejected.jsonl", *run.path.rglob("*.log")]
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in logs) + small_run.done.stderr
    long = [answer for answer in answers if len(answer) == 60]
    assert len(long) > 100
    assert [answer for answer in long if answer in text] == []


def test_a_second_run_does_nothing_without_torch(small_run: "SmallRun", words: Callable[..., list[str]]) -> None:
    before = times(small_run.run)
    done = call(words(small_run.run))
    assert done.returncode == small_run.done.returncode
    assert re.findall(r"^(\w+): fresh$", done.stderr, re.M) == STAGES
    assert done.stderr.splitlines()[-1] == "torch imported: False"
    assert times(small_run.run) == before


def test_a_changed_gate_grades_again_and_asks_nothing(copied: RunDir, words: Callable[..., list[str]]) -> None:
    before, answers = digests(copied), (copied.stage("ask") / RESPONSES).read_bytes()
    done = call(words(copied, *sets("audit.gate.margin_points=5")))
    assert started(done.stderr) == ["audit", "release", "report"]
    assert "torch imported: False" in done.stderr
    after = digests(copied)
    assert {name for name in STAGES if after[name] != before[name]} == {"audit", "release", "report"}
    assert (copied.stage("ask") / RESPONSES).read_bytes() == answers
    lines = [json.loads(line) for line in copied.file("registrations.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [bool(line["answers"]) for line in lines] == [False, True, False, True], "declared, judged, and both again"


def test_asking_the_same_build_again_gives_the_same_answers_and_verdicts(
    copied: RunDir, words: Callable[..., list[str]]
) -> None:
    before = {name: rows(copied, name) for name in ("ask", "audit")}
    shutil.rmtree(copied.stage("ask"))
    done = call(words(copied, "--until", "audit"))
    assert started(done.stderr)[0] == "ask"
    assert {name: rows(copied, name) for name in ("ask", "audit")} == before


def rows(run: RunDir, stage: str) -> list[object]:
    """Answers without their wall time; verdicts as they are."""
    if stage == "audit":
        return list(read_json(run.stage("audit") / VERDICTS))
    return [{**row, "seconds": 0} for _, row in read_jsonl(run.stage("ask") / RESPONSES)]


def test_a_dry_run_touches_nothing(copied: RunDir, words: Callable[..., list[str]], tmp_path: Path) -> None:
    before = times(copied)
    done = call(words(copied, "--dry-run", *sets("train.lora_r=4")))
    assert done.returncode == 0 and times(copied) == before
    assert re.findall(r"^(\w+): would run", done.stdout, re.M) == STAGES[2:]
    done = call(run_words(tmp_path / "none", "--dry-run"))
    assert done.returncode == 0 and re.findall(r"^(\w+): would run", done.stdout, re.M) == STAGES
    assert not (tmp_path / "none").exists()
    assert done.stderr.splitlines()[-1] == "torch imported: False"


def test_two_runs_at_once_are_refused(copied: RunDir, words: Callable[..., list[str]]) -> None:
    before = times(copied)
    with locked(copied):
        done = call(words(copied))
    assert done.returncode == 2 and "another medtune run" in done.stderr and times(copied) == before


def test_an_answer_carries_its_build_and_the_disclaimer(small_run: "SmallRun") -> None:
    runs = str(small_run.run.path.parent)
    done = call(["ask", "quickstart", "Explain the medical term: anemia", "--build", "Q8_0", "--runs", runs])
    assert done.returncode == 0, done.stderr
    assert "[quickstart Q8_0: HOLD" in done.stdout and NOTE in done.stdout and "no medical advice" in done.stdout
    assert len(done.stdout.split("[quickstart")[0].split()) > 3
    done = call(["ask", str(small_run.run.path), "Explain anemia", "--build", "F16", "--json"])
    said = json.loads(done.stdout)
    assert said["build"] == "F16" and said["disclaimer"] and said["scope"] == NOTE and said["answer"]


def test_without_a_release_chat_and_ask_name_the_option(small_run: "SmallRun") -> None:
    for words in (["chat", str(small_run.run.path)], ["ask", str(small_run.run.path), "anemia?"]):
        done = call(words)
        assert done.returncode == 2
        assert "nothing was released" in done.stderr and "--build: base-F16, F16, Q8_0, Q2_K" in done.stderr


def test_unknown_runs_and_builds_are_answered_with_the_known_ones(small_run: "SmallRun") -> None:
    runs = str(small_run.run.path.parent)
    done = call(["chat", "quikstart", "--runs", runs])
    assert done.returncode == 2 and "did you mean quickstart?" in done.stderr
    done = call(["ask", "quickstart", "x", "--build", "Q9", "--runs", runs])
    assert done.returncode == 2 and "use one of base-F16, F16, Q8_0, Q2_K" in done.stderr
    done = call(["ask", "quickstart", "--runs", runs])
    assert done.returncode == 2 and "there is no question" in done.stderr


def test_ls_shows_state_and_verdict(small_run: "SmallRun") -> None:
    done = call(["ls", "--runs", str(small_run.run.path.parent)])
    assert re.search(r"^quickstart +complete +nothing passed +\d+ MB$", done.stdout, re.M)


def test_the_recipe_in_the_run_directory_is_fresh_too(copied: RunDir) -> None:
    done = call(["run", str(copied.file("recipe.yaml")), "--runs", str(copied.path.parent)])
    assert started(done.stderr) == []
    assert RECIPE.parent.as_posix() in read_json(copied.file("provenance.json"))["recipe_folder"]


def test_a_server_that_dies_is_explained_by_its_log(copied: RunDir, tmp_path: Path) -> None:
    from medtune.llamacpp.toolchain import find

    real, fake = find().folder, tmp_path / "llama.cpp"
    fake.mkdir()
    for path in real.iterdir():
        if path.name != "bin":
            (fake / path.name).symlink_to(path)
    (fake / "bin").mkdir()
    for path in (real / "bin").iterdir():
        (fake / "bin" / path.name).symlink_to(path)
    server = fake / "bin" / "llama-server"
    server.unlink()
    server.write_text("#!/bin/sh\necho 'boom: no such luck' >&2\nexit 7\n", encoding="utf-8")
    server.chmod(0o755)
    done = call(["ask", str(copied.path), "anemia?", "--build", "F16"], MEDTUNE_LLAMA_CPP=str(fake))
    assert done.returncode == 2
    assert "boom: no such luck" in done.stderr and "exit code 7" in done.stderr
