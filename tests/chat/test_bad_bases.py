"""Bases that must be refused before anything is trained on them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from toybase import write_toy_base

from medtune.chat import load_tokenizer, resolve_base
from medtune.chat.family import Family, family_cards, find_family
from medtune.config.recipe import LocalBase
from medtune.core.errors import ModelError
from medtune.runs.records.collect import Turn


@pytest.fixture
def base(toy_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_base, tmp_path / "toy"))


def edit(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}), encoding="utf-8")


def resolve(folder: Path) -> Any:
    return resolve_base(LocalBase(path="toy"), lambda _: folder)


def test_a_configuration_that_counts_other_tokens_than_the_embedding_has(base: Path) -> None:
    edit(base / "config.json", vocab_size=100)
    with pytest.raises(ModelError, match=r"counts 100 tokens, the embedding has \d+ rows"):
        resolve(base)


def test_a_tokenizer_with_tokens_that_the_embedding_lacks(base: Path) -> None:
    tokenizer = json.loads((base / "tokenizer.json").read_text())
    number = len(tokenizer["model"]["vocab"])
    token = {"id": number, "content": "<|more|>", "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}  # fmt: skip
    tokenizer["added_tokens"].append(token)
    (base / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(ModelError, match=f"token {number} has no row in an embedding of {number}"):
        load_tokenizer(base)


def test_the_first_qwen_needs_code_of_its_own(base: Path) -> None:
    edit(
        base / "config.json", architectures=["QWenLMHeadModel"], auto_map={"AutoModel": "modeling_qwen.QWenLMHeadModel"}
    )
    with pytest.raises(ModelError, match="Python code of its own"):
        resolve(base)


def test_a_template_without_an_assistant_turn(tmp_path: Path) -> None:
    """Its own words: the answers are left out, rather than that some prefix does not fit."""
    folder = write_toy_base(
        tmp_path / "toy",
        template="{% for m in messages %}{% if m.role != 'assistant' %}<|{{ m.role }}|>{{ m.content }}<|end|>"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
    )
    chat = (Turn(role="user", content="What is gout?"), Turn(role="assistant", content="A disease of the joints."))
    with pytest.raises(ModelError, match="has no assistant turn") as raised:
        load_tokenizer(folder).encode(chat)
    assert "joints" not in str(raised.value)


@pytest.mark.parametrize(
    "card", [card for card in family_cards() if card.converter_files], ids=lambda card: card.family
)
def test_files_that_only_the_converter_needs(base: Path, tmp_path: Path, card: Family) -> None:
    """transformers loads some families without tokenizer.model; their GGUF cannot be made."""
    template = "".join(f"{{# {mark} #}}" for mark in card.template_marks)
    edit(base / "config.json", architectures=[card.architectures[0]])
    file = base / "chat_template.jinja"
    file.write_text(template + file.read_text(encoding="utf-8"), encoding="utf-8")
    (name,) = card.converter_files
    if name == "tokenizer.json":
        (base / name).rename(base / "tokenizer.model")
    assert find_family(card.architectures[0], base) == card
    with pytest.raises(ModelError, match=f"{name} is missing: .* {card.family} models"):
        resolve(base)
