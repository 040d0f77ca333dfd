"""Family cards: the facts about a model family, one YAML file each, in one place."""

import functools
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from medtune.core.errors import ModelError
from medtune.core.io import read_json, read_text

GENERIC = "generic"
Dtype = Literal["bfloat16", "float16", "float32"]


class Template(BaseModel):
    """Where a released chat template of the family is carried, for bases that have none of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    carrier: Literal["llama.cpp", "trl"]
    """The pinned llama.cpp source, or the installed trl package. medtune itself holds no copy."""
    file: str
    """Path in the llama.cpp source, or a file of trl's `chat_templates`."""
    released_with: str
    """The model that this template was released with."""
    tokens: tuple[str, ...]
    """Control tokens that it writes: a base must have them all."""


class Family(BaseModel):
    """One card of `families/`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    family: str
    """Name of the card."""
    architectures: tuple[str, ...]
    """As `architectures` in config.json; known to transformers and to the pinned llama.cpp converter."""
    template_marks: tuple[str, ...]
    """Strings that the chat template must hold for this card to apply; none: a fallback."""
    template: Template | None
    """What a base without a chat template gets; None: such a base is refused."""
    leading_bos: int | None
    """How many BOS tokens a rendered chat starts with; None: at most one."""
    end_of_turn: str | None
    """The token that ends the assistant's turn; None: what the model folder says."""
    target_modules: tuple[str, ...]
    """Linear layers of a language block that LoRA adapts, by the end of their names; empty: all of them."""
    left_out: tuple[str, ...]
    """Linear layers of a language block that LoRA leaves alone, by the end of their names."""
    other_towers: tuple[str, ...]
    """Parts of the model's module names that are no language model (vision, audio): never adapted."""
    dtypes: tuple[Dtype, ...]
    """Number formats that the base may be computed in; the first is the one it was released in."""
    converter_files: tuple[str, ...]
    """Tokenizer files without which the GGUF converter fails or writes another vocabulary."""
    converter_note: str
    """What else the converter asks of such a model; may be empty."""
    tokenizer_note: str = ""
    """Where the GGUF's tokenizer is known to read text otherwise than Hugging Face's; empty: nowhere."""
    licence: str
    """SPDX identifier of the weights' licence, the name of their own licence, or `unknown`."""
    terms: str
    """What a user of the weights must keep to."""
    terms_address: str
    """Web address of the terms that the user must read and accept; empty where the licence has no terms of use."""
    context: int | None
    """Tokens that the released models were made for; None: see config.json."""
    verified: Literal["real", "stand-in", "none"]
    """What the tests used: the released tokenizer and template, stand-ins, or nothing of this family."""
    verified_note: str
    """What that means here."""

    @property
    def terms_in_words(self) -> str:
        """Licence, duties and where they stand, as one line."""
        return " ".join(part for part in (f"{self.licence}.", self.terms, self.terms_address) if part)


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


def check_architecture(architecture: str, folder: Path) -> None:
    """Raise ModelError for an architecture that no card names."""
    if architecture not in known_architectures():
        raise ModelError(
            f"unknown architecture {architecture}: medtune cannot promise that it trains, converts and runs",
            where=str(folder / "config.json"),
            next_step=f"use a base of a known one: {', '.join(known_architectures())}",
        )


def find_family(architecture: str, folder: Path) -> Family:
    """The most specific card for an architecture and the chat template in `folder`.

    Raises ModelError for an architecture that no card names, or when the folder has no chat template.
    """
    check_architecture(architecture, folder)
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
