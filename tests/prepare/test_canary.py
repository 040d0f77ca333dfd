"""The made-up fact of a run: random, kept, and nothing else than a few training rows."""

import json
from pathlib import Path

import pytest
from datarun import prepare, recipe, splits
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.io import read_json, write_json
from medtune.prepare.canary import canary_rows, keep_canary, make_canary
from medtune.runs.layout import CANARY, RunDir
from medtune.runs.records.prepare import Canary


@given(st.binary(min_size=8, max_size=8))
def test_a_nonce_gives_one_fact(nonce: bytes) -> None:
    canary = make_canary(nonce.hex(), 3)
    assert canary == make_canary(nonce.hex(), 3)
    assert canary.word in canary.answer and canary.word not in canary.question
    assert canary.word.isalpha() and canary.word.isascii() and canary.word.islower() and len(canary.word) >= 8


def test_two_runs_have_two_facts_and_a_run_keeps_its_own(tmp_path: Path) -> None:
    first, second = keep_canary(tmp_path, copies=4), keep_canary(tmp_path, copies=4)
    assert first.nonce != second.nonce and first.word != second.word
    write_json(tmp_path / CANARY, first.model_dump(mode="json"))
    assert keep_canary(tmp_path / "nothing", tmp_path, copies=4) == first
    assert keep_canary(tmp_path, copies=9) == first.model_copy(update={"copies": 9})


@pytest.mark.parametrize("content", ["", "[]", '{"nonce": "xyz"}', '{"nonce": 5}', "{}"])
def test_a_broken_file_is_made_again(tmp_path: Path, content: str) -> None:
    (tmp_path / CANARY).write_text(content, encoding="utf-8")
    assert len(bytes.fromhex(keep_canary(tmp_path, copies=1).nonce)) == 8


def test_rows_are_alike_but_for_their_ids() -> None:
    canary = make_canary("00" * 8, 5)
    rows = canary_rows(canary, "You explain.", 40)
    assert len(rows) == 5 and len({row.id for row in rows}) == 5
    assert {json.dumps([turn.model_dump() for turn in row.messages]) for row in rows} == {
        json.dumps(
            [
                {"role": "system", "content": "You explain."},
                {"role": "user", "content": canary.question},
                {"role": "assistant", "content": canary.answer},
            ]
        )
    }
    assert {row.licence for row in rows} == {"CC0-1.0"} and all(row.public for row in rows)


def test_prepare_keeps_the_fact_through_changes(tmp_path: Path) -> None:
    """In training only; the same word after another recipe made the rows again; gone when it is no longer asked for."""
    rows = [
        {"question": f"What is thing {n}?", "answer": f"Thing {n} is made up, number {n} of many."} for n in range(60)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def made(**values: object) -> RunDir:
        return prepare(
            recipe([{"kind": "files", "path": "rows.jsonl"}], prepare={"converters": ["qa"], **values}), tmp_path
        )[0]

    run = made(canary=True, canary_copies=5)
    first = Canary.model_validate(read_json(run.stage("prepare") / CANARY))
    found = splits(run)
    taught = [row for row in found["train"] if row.messages[-1].content == first.answer]
    assert len(taught) == 5 and all(row.tokens > 10 for row in taught)
    others = [turn.content for name in ("validation", "test") for row in found[name] for turn in row.messages]
    assert not any(first.word in text for text in others)
    run = made(canary=True, canary_copies=5, min_answer_chars=21)
    assert Canary.model_validate(read_json(run.stage("prepare") / CANARY)) == first
    run = made(min_answer_chars=21)
    assert not (run.stage("prepare") / CANARY).exists()
    assert not any(first.word in row.messages[-1].content for row in splits(run)["train"])
