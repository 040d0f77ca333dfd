"""A question that was trained on is refused before the first answer."""

from pathlib import Path

import pytest

from medtune.ask.trained import check_not_trained
from medtune.core.errors import DataError
from medtune.runs.records.ask import AskedCase
from medtune.runs.records.base import write_rows
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example


def asked(prompt: str, suite: str = "ward") -> AskedCase:
    return AskedCase(
        id=f"{suite}/one",
        suite=suite,
        cluster=f"{suite}/a",
        messages=(Turn(role="system", content="s"), Turn(role="user", content=prompt)),
        gated=False,
        contract="",
        severity=4,
        public=True,
    )


def train(folder: Path, prompt: str) -> Path:
    row = Example(
        id="row-1",
        messages=(Turn(role="user", content=prompt), Turn(role="assistant", content="An answer.")),
        topic="",
        converter="qa",
        records=("r",),
        source="own",
        licence="",
        public=True,
        tokens=9,
    )
    path = folder / "train.jsonl"
    write_rows(path, [row])
    return path


def test_the_same_words_are_refused_and_the_case_is_named(tmp_path: Path) -> None:
    path = train(tmp_path, "DIZZY after op -- what now")
    with pytest.raises(DataError, match="ward/one") as caught:
        check_not_trained([asked("Dizzy after OP, what now?")], path)
    assert "--from prepare" in caught.value.next_step


def test_other_words_and_held_out_questions_pass(tmp_path: Path) -> None:
    path = train(tmp_path, "What is asthma?")
    check_not_trained([asked("What is a cough?"), asked("What is asthma?", suite="held-out")], path)
    check_not_trained([asked("What is asthma?")], tmp_path / "missing.jsonl")
