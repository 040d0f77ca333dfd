"""Family cards: the facts about a model family, one YAML file each, in one place."""

import functools
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from medtune.core.errors import ModelError
from medtune.core.io import read_json, read_text

GENERIC = "generic"


class Family(BaseModel):
    """One card of `families/`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    family: str
    """Name of the card."""
    architectures: tuple[str, ...]
    """As `architectures` in config.json; known to transformers and to the pinned llama.cpp converter."""
    template_marks: tuple[str, ...]
    """Strings that the chat template must hold for this card to apply; none: a fallback."""
    leading_bos: int | None
    """How many BOS tokens a rendered chat starts with; None: at most one."""
    end_of_turn: str | None
    """The token that ends the assistant's turn; None: what the model folder says."""
    target_modules: tuple[str, ...]
    """Linear layers of a block, by the end of their names; empty: not written down."""
    licence: str
    """SPDX identifier of the weights' licence, or `unknown`."""
    terms: str
    """What a user of the weights must keep to."""
    verified: str
    """What was tried with this family."""


@functools.cache
def family_cards() -> tuple[Family, ...]:
    """Every card, the most specific (most template marks) first."""
    folder = resources.files("medtune.chat") / "families"
    cards = [
        Family.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    ]
    return tuple(sorted(cards, key=lambda card: (-len(card.template_marks), card.family)))


def known_architectures() -> tuple[str, ...]:
    """Every architecture of any card, sorted."""
    return tuple(sorted({name for card in family_cards() for name in card.architectures}))


def find_family(architecture: str, folder: Path) -> Family:
    """The most specific card for an architecture and the chat template in `folder`.

    Raises ModelError for an architecture that no card names, or when the folder has no chat template.
    """
    if architecture not in known_architectures():
        raise ModelError(
            f"unknown architecture {architecture}: medtune cannot promise that it trains, converts and runs",
            where=str(folder / "config.json"),
            next_step=f"use a base of a known one: {', '.join(known_architectures())}",
        )
    template = chat_template_text(folder)
    for card in family_cards():
        if architecture in card.architectures and all(mark in template for mark in card.template_marks):
            return card
    raise ModelError(
        f"no family card fits {architecture} with this chat template",
        where=str(folder),
        next_step=f"add {architecture} to families/{GENERIC}.yaml or write a card",
    )


def chat_template_text(folder: Path) -> str:
    """The Jinja source of the tokenizer's own chat template. Raises ModelError when the folder has none."""
    if (folder / "chat_template.jinja").is_file():
        return read_text(folder / "chat_template.jinja")
    for name in ("chat_template.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            found = _template_in(read_json(folder / name))
            if found:
                return found
    raise ModelError(
        "this base has no chat template, so nobody can know how its chats are written",
        where=str(folder),
        next_step="use the instruction-tuned variant of the model, or put its chat_template.jinja into the folder",
    )


def _template_in(values: object) -> str:
    """`chat_template` is a string, or a list of named ones of which `default` counts."""
    template = values.get("chat_template") if isinstance(values, dict) else None
    if isinstance(template, list):
        named = {str(item.get("name")): item.get("template") for item in template if isinstance(item, dict)}
        template = named.get("default")
    return template if isinstance(template, str) else ""
