"""Input that cannot be trained on, through the real stage: refused before the first step, with what to do."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from trainrun import example, train_view, write_prepared

from medtune.core.errors import DataError, MedtuneError, ModelError
from medtune.runs.layout import TRAIN, RunDir
from medtune.runs.records.base import write_rows
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage
from medtune.train import stage


@pytest.fixture
def base(tmp_path: Path, toy_base: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(toy_base, tmp_path / "base"))


def refused(base: Path, folder: Path, rows: list[Example] | None = None, **train: Any) -> MedtuneError:
    """Train and return the error; nothing may have been trained."""
    view = train_view(base, folder, **train)
    run = RunDir(folder / "run")
    run.path.mkdir()
    write_prepared(run, view, rows=24, validation=2)
    if rows is not None:
        prepare = open_stage(run, view, name="prepare", needs=(), version=1)
        write_rows(prepare.path / TRAIN, rows)
        write_rows(prepare.path / "val.jsonl", [])
        prepare.finish(facts={})
    with pytest.raises(MedtuneError) as raised:
        stage.run(view, run)
    metrics = run.partial("train") / "metrics.jsonl"
    assert not (metrics.exists() and metrics.read_bytes()) and not run.stage("train").exists()
    assert raised.value.next_step and "It is a disease" not in str(raised.value)
    return raised.value


def with_turns(*turns: tuple[str, str]) -> Example:
    messages = tuple(Turn.model_validate({"role": role, "content": text}) for role, text in turns)
    return example(0).model_copy(update={"messages": messages})


def test_target_modules_that_match_nothing(base: Path, tmp_path: Path) -> None:
    error = refused(base, tmp_path, target_modules=["qkv_proj"])
    assert isinstance(error, ModelError) and "qkv_proj match no linear layer" in error.what
    assert "q_proj (2)" in str(error.where)


def test_a_template_without_an_assistant_turn(base: Path, tmp_path: Path) -> None:
    template = "{%- for message in messages if message['role'] != 'assistant' -%}{{ message['content'] }}{%- endfor -%}"
    (base / "chat_template.jinja").write_text(template, encoding="utf-8")
    assert isinstance(refused(base, tmp_path), ModelError)


def test_an_example_over_the_limit_is_listed(base: Path, tmp_path: Path) -> None:
    rows = [example(number, 40 if number == 5 else 1) for number in range(12)]
    error = refused(base, tmp_path, rows, max_seq_length=128)
    assert isinstance(error, DataError) and "row-5 (" in str(error.where) and "row-4" not in str(error.where)


def test_all_tokens_masked(base: Path, tmp_path: Path) -> None:
    rows = [with_turns(("user", "What is gout?"), ("user", "And flu?")) for _ in range(8)]
    assert isinstance(refused(base, tmp_path, rows), DataError | ModelError)


def test_fewer_rows_than_one_batch(base: Path, tmp_path: Path) -> None:
    error = refused(base, tmp_path, [example(number) for number in range(3)])
    assert "3 training rows do not fill one batch of 4" in error.what and "train.batch_size" in error.next_step


def test_a_tokenizer_with_more_tokens_than_the_embedding_has_rows(base: Path, tmp_path: Path) -> None:
    values = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))
    extra = dict(values["added_tokens"][0], content="<|new|>", id=4096)
    values["added_tokens"].append(extra)
    (base / "tokenizer.json").write_text(json.dumps(values), encoding="utf-8")
    error = refused(base, tmp_path)
    assert isinstance(error, ModelError) and "vocabulary and embedding differ" in error.what


def test_a_configuration_of_another_model(base: Path, tmp_path: Path) -> None:
    values = json.loads((base / "config.json").read_text(encoding="utf-8"))
    (base / "config.json").write_text(json.dumps({**values, "vocab_size": 9999}), encoding="utf-8")
    error = refused(base, tmp_path)
    assert isinstance(error, ModelError) and "9999" in error.what and "embedding" in error.what
