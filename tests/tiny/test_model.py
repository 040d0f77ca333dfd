"""Facts about the committed model, the held-out list, and the script that makes them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import pretrain_tiny
from tiny import documents, model

DATA = Path(__file__).resolve().parents[2] / "src" / "medtune" / "data"
TINY = DATA / "tiny"


def read(name: str) -> dict[str, object]:
    loaded = json.loads((TINY / name).read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in TINY.iterdir()) <= 21_000_000


def test_config_facts() -> None:
    config = read("config.json")
    expected = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_hidden_layers": 8,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
        "vocab_size": 8192,
        "max_position_embeddings": 2048,
        "eos_token_id": 2,
        "pad_token_id": 1,
        "bos_token_id": None,
    }
    assert {key: config[key] for key in expected} == expected
    assert read("generation_config.json")["eos_token_id"] == 2


def test_weights_are_bfloat16_and_as_many_as_recorded() -> None:
    total = 0
    with safe_open(TINY / "model.safetensors", framework="pt") as weights:
        for name in weights.keys():  # noqa: SIM118 - not a mapping
            part = weights.get_slice(name)
            assert part.get_dtype() == "BF16"
            shape = part.get_shape()
            assert shape[-1] % 256 == 0  # k-quants need rows of whole blocks
            total += shape[0] * (shape[1] if len(shape) > 1 else 1)
    assert total == read("pretrain.json")["parameters"] == 9_965_824


def test_pretrain_facts_are_whole_and_name_no_folder() -> None:
    facts = read("pretrain.json")
    curve = facts["curve"]
    assert isinstance(curve, list)
    assert min(point["validation"] for point in curve) == pytest.approx(facts["best_loss"], abs=1e-4)
    assert {"seed", "data_sha256", "corpus_sha256", "steps", "tokens", "seconds", "torch", "card"} <= facts.keys()


def test_the_card_s_numbers_are_the_recorded_ones() -> None:
    card, facts = (TINY / "README.md").read_text(encoding="utf-8"), read("pretrain.json")
    for key in ("best_loss", "seconds"):
        assert f"{facts[key]:.4f}".rstrip("0") in card
    for key in ("steps", "tokens", "best_step", "parameters", "documents", "files"):
        assert f"{facts[key]:,}" in card


def test_heldout_topics_are_200_sorted_and_normalised() -> None:
    path = DATA / "heldout_topics.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#")
    topics = [line for line in lines if not line.startswith("#")]
    assert len(topics) == len(set(topics)) == 200
    assert topics == sorted(topics)
    assert topics == [documents.normalise_topic(topic) for topic in topics]
    assert documents.read_heldout(path) == set(topics)


def test_choosing_is_reproducible_and_mixes_collections(medquad: Path, tmp_path: Path) -> None:
    found = documents.read_documents(documents.input_files(medquad))
    chosen = documents.choose_heldout(found, count=12, seed=1)
    assert chosen == documents.choose_heldout(reversed(found), count=12, seed=1)
    homes = {document.key: document.collection for document in found}
    assert {homes[topic] for topic in chosen} == {"1_A_QA", "2_B_QA"}
    out = tmp_path / "heldout.txt"
    pretrain_tiny.main([str(medquad), str(out), "--choose-heldout"])
    assert documents.read_heldout(out) == set(homes)  # fewer candidates than 200: all of them


def test_batches_hold_every_row_once_within_the_token_limit() -> None:
    rng = random.Random(3)
    rows = [[1] * rng.randint(1, 300) for _ in range(200)]
    batches = model.length_batches(rows, 2048, rng)
    assert sorted(index for batch in batches for index in batch) == list(range(200))
    for batch in batches:
        padded = -(-max(len(rows[index]) for index in batch) // model.LENGTH_STEP) * model.LENGTH_STEP
        assert padded * len(batch) <= 2048


def test_the_rate_warms_up_and_falls() -> None:
    schedule = model.Schedule(steps=1000, warmup=100, final_share=0.05)
    rates = [model.rate(step, schedule) for step in range(1000)]
    assert max(rates) == pytest.approx(1.0)
    assert rates[0] == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.05, abs=1e-3)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small matrices on a busy machine: several threads wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_the_script_makes_a_model_that_loads(medquad: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    arguments = [str(medquad), str(tmp_path), "--device", "cpu", "--steps", "2"]
    pretrain_tiny.main([*arguments, "--batch-tokens", "1024", "--vocab-size", "700"])
    facts = json.loads((tmp_path / "pretrain.json").read_text(encoding="utf-8"))
    assert facts["steps"] == 2
    assert facts["curve"][-1]["step"] == 2
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert loaded.get_input_embeddings().num_embeddings == facts["vocabulary"] == len(tokenizer)
