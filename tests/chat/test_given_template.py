"""Bases that bring no chat template, on the true tokenizers of the families."""

from collections.abc import Callable
from pathlib import Path

import pytest
from families import ORIGINS

from medtune.chat import load_tokenizer, resolve_base
from medtune.chat.family import chat_template_text, family_cards
from medtune.chat.given_template import read_carried
from medtune.config.recipe import LocalBase
from medtune.core.errors import ModelError
from medtune.runs.records.collect import Turn

CARDS = {card.family: card for card in family_cards()}
WITH_TEMPLATE = sorted(name for name, card in CARDS.items() if card.template is not None)


@pytest.fixture(autouse=True)
def _cache(tests_cache: Path) -> None:
    """The folders of links are made in the tests' cache."""


def without_template(folder: Path, into: Path) -> Path:
    into.mkdir()
    for path in folder.iterdir():
        if path.name != "chat_template.jinja":
            (into / path.name).symlink_to(path)
    return into


@pytest.mark.parametrize("name", WITH_TEMPLATE)
def test_a_card_chooses_itself_by_its_own_template(name: str) -> None:
    template = CARDS[name].template
    assert template is not None
    text = read_carried(template)
    assert all(mark in text for mark in CARDS[name].template_marks)
    used = ORIGINS[name].template.removeprefix("trl:")
    assert template.file == used, "the tests use the template that the card hands out"


@pytest.mark.parametrize("name", ["gemma3", "phi4-mini", "mistral"])
def test_a_base_without_a_template_gets_the_cards_and_says_so(
    name: str, family_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = without_template(family_model(name), tmp_path / "plain")
    info = resolve_base(LocalBase(path="plain"), lambda path: tmp_path / path)
    assert info.name == "plain" and info.family.family == name
    assert "no chat template" in info.notes[0] and str(CARDS[name].template.released_with) in info.notes[0]  # type: ignore[union-attr]
    assert chat_template_text(info.folder) == chat_template_text(family_model(name))
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path.name for path in info.folder.iterdir() if path.name != "chat_template.jinja"
    )
    again = resolve_base(LocalBase(path="plain"), lambda path: tmp_path / path)
    assert again.folder == info.folder and again.digest == info.digest
    row = load_tokenizer(info.folder).encode((Turn(role="user", content="a"), Turn(role="assistant", content="b")))
    assert any(row.trained)


def test_a_base_whose_tokens_no_card_writes_is_refused(toy_base: Path, tmp_path: Path) -> None:
    without_template(toy_base, tmp_path / "plain")
    with pytest.raises(ModelError, match="no chat template"):
        resolve_base(LocalBase(path="plain"), lambda path: tmp_path / path)


def test_a_family_without_a_card_is_named_as_unverified(toy_base: Path) -> None:
    info = resolve_base(LocalBase(path="toy"), lambda _: toy_base)
    assert info.family.family == "generic"
    assert "not verified" in info.notes[0] and "LlamaForCausalLM" in info.notes[0]


def test_the_embedded_base_has_nothing_to_say() -> None:
    assert resolve_base("tiny", Path).notes == ()
