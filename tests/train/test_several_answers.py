"""Chats of several answers under a template that writes earlier answers otherwise: each answer is a training row."""

from dataclasses import replace
from pathlib import Path

import pytest
from toybase import SPECIAL, write_toy_base
from trainrun import example, train_view

from medtune.chat import load_tokenizer, resolve_base
from medtune.chat.family import family_cards
from medtune.config.recipe import LocalBase
from medtune.core.errors import ModelError
from medtune.core.io import read_json
from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.steps.length import Limits, measured
from medtune.runs.layout import TRAIN, TRAINING, RunDir
from medtune.runs.records.base import write_rows
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage
from medtune.train import stage
from medtune.train.capability import capability_of, look_at_card
from medtune.train.finetune import fine_tune
from medtune.train.foresee import seen_lengths
from medtune.train.planner.plan import TrainingPlan
from medtune.train.settings import make_settings

THOUGHTLESS = (
    "{%- for m in messages -%}<|{{ m.role }}|>{% if m.role == 'assistant' and loop.last %}Thought. {% endif %}"
    "{{ m.content }}<|end|>{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)
"""As Qwen3's: what stands before an answer vanishes when the chat goes on."""
TWO = (
    Turn(role="user", content="asthma"),
    Turn(role="assistant", content="A disease of the airways."),
    Turn(role="user", content="anemia"),
    Turn(role="assistant", content="The blood does not carry enough oxygen."),
)
ROOM = Limits(512, 512)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_base(tmp_path_factory.mktemp("several") / "toy", template=THOUGHTLESS)


def draft(number: int) -> Draft:
    made = example(number)
    return Draft(made.id, TWO, made.topic, (), "chat", made.records, made.source, made.licence, True)


def examples(base: Path, count: int) -> list[Example]:
    """As the prepare stage measures them."""
    found = measured([draft(number) for number in range(count)], load_tokenizer(base), ROOM, Rejections([]))
    return [
        example(number).model_copy(update={"messages": TWO, "tokens": max(one.lengths), "row_tokens": one.lengths})
        for number, one in enumerate(found)
    ]


def test_each_answer_is_measured(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    (one,) = measured([draft(0)], tokenizer, ROOM, Rejections([]))
    assert one.lengths == tuple(len(row.input_ids) for row in tokenizer.encode_each(TWO)) and len(one.lengths) == 2
    short, rejections = Limits(max(one.lengths) - 1, 512), Rejections([])
    assert not list(measured([draft(0)], tokenizer, short, rejections)) and len(rejections.rows) == 1
    assert list(measured([draft(0)], tokenizer, Limits(max(one.lengths), 512), Rejections([])))


def test_each_answer_is_trained(base: Path, tmp_path: Path) -> None:
    view = train_view(base, tmp_path, max_steps=2)
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    prepare = open_stage(run, view, name="prepare", needs=(), version=1)
    rows = examples(base, 4)
    write_rows(prepare.path / TRAIN, rows)
    write_rows(prepare.path / "val.jsonl", rows[:1])
    prepare.finish(facts={})
    assert seen_lengths(run) == [tokens for row in rows for tokens in row.lengths]
    stage.run(view, run)
    facts = read_json(run.stage("train") / TRAINING)
    assert (facts["rows"], facts["validation_rows"]) == (8, 2)
    assert facts["total_tokens"] == 4 * sum(rows[0].lengths)
    tokenizer = load_tokenizer(base)
    trained = [sum(row.trained) for row in tokenizer.encode_each(TWO)]
    assert facts["trained_tokens"] == 4 * sum(trained) and SPECIAL.index("<|end|>") in tokenizer.stop_ids


def test_no_engine_computes_gemma_in_float16(base: Path, tmp_path: Path) -> None:
    """Whoever made the plan: its activations overflow."""
    card = next(card for card in family_cards() if card.family == "gemma3")
    plan = TrainingPlan("trl", "lora", "float16", "none", micro_batch=1, micro_tokens=64, packing=False)
    with pytest.raises(ModelError, match="gemma3 models must not be computed in float16"):
        fine_tune(
            base=replace(resolve_base(LocalBase(path="x"), lambda _: base), family=card),
            tokenizer=load_tokenizer(base),
            rows=[],
            validation=[],
            settings=make_settings(train_view(base, tmp_path).train, 7, 8),
            plan=plan,
            capability=capability_of(look_at_card()),
            folder=tmp_path,
        )
    assert not list(tmp_path.iterdir())
