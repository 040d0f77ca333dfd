"""A distillation that is killed in the middle goes on, and nothing that was answered is asked again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from distilled import accounted, section, seeds
from distilled import finished as read_finished
from teacher import FlakyTeacher

from medtune.collect.distill.ledger import LEDGER, call_key, known_keys
from medtune.core.io import read_json
from medtune.llm.messages import Decoding
from medtune.llm.scripted import ScriptedServer
from medtune.runs.layout import RAW, RunDir
from medtune.runs.manifest import read_manifest

ROWS, CONCURRENCY = 120, 4


def start(recipe: Path, runs: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "medtune", "distill", str(recipe), "--runs", str(runs)]
    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip


def key_of(endpoint: str, body: dict[str, Any]) -> str:
    decoding = Decoding(temperature=body["temperature"], max_tokens=body["max_tokens"], seed=body["seed"])
    return call_key(endpoint, body["model"], body["messages"], decoding)


@pytest.mark.slow
def test_no_answered_call_is_made_again_after_a_kill(tmp_path: Path) -> None:
    given = seeds(tmp_path, *(f"What is the finding number {number}?" for number in range(ROWS)))
    runs = tmp_path / "runs"
    teacher = FlakyTeacher(share=0.2, stubborn=0.0, delay_s=0.05)
    with ScriptedServer(teacher) as server:
        source = section(server.base_url, concurrency=CONCURRENCY, **{"from": given})
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text(yaml.safe_dump({"name": "killed", "collect": {"sources": [source]}}))
        ledger = RunDir(runs / "killed").partial("collect") / RAW / "distill" / LEDGER
        process = start(recipe, runs)
        deadline = time.monotonic() + 120
        while len(known_keys(ledger)) < ROWS // 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
        answered = known_keys(ledger)
        assert ROWS // 2 <= len(answered) < ROWS
        before = len(server.requests)

        out, err = start(recipe, runs).communicate(timeout=120)
        asked = [key_of(f"{server.base_url}/v1", body) for body in server.requests]
    assert not answered & set(asked[before:]), "an answer that was on disk is never asked for again"
    twice = sum(count - 1 for count in teacher.answered.values())
    assert twice <= 2 * CONCURRENCY, "only what was on its way at the kill is answered again, at most two tries a row"
    made = read_finished(RunDir(runs / "killed"), read_manifest(RunDir(runs / "killed"), "collect"))
    accounted(made)
    assert len(made.records) == ROWS
    assert f"{len(answered)} answers known" not in out
    assert f"{ROWS} of {ROWS} rows accepted" in out
    assert "answers known already" in err
    assert json.loads((made.run.path / "events.jsonl").read_text().splitlines()[-1])["what"] == "finished"
    assert read_json(made.run.stage("collect") / "distill.json")[0]["accepted"] == ROWS
