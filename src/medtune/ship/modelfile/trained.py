"""What training saw: the chat template, the BOS token and the end of a turn, from a GGUF or a family card."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.chat.family import Family, family_cards
from medtune.chat.given_template import read_carried
from medtune.core.errors import UsageError
from medtune.core.hashing import sha256_file
from medtune.llamacpp.describe import describe_gguf

BOS_TEXTS = ("<s>", "<bos>", "<|begin_of_text|>")
"""How the families with a BOS token write it."""


@dataclass(frozen=True)
class Trained:
    """Facts that a Modelfile is held against; empty or None where they are not known."""

    source: str
    """Where they come from, in words."""
    template: str = ""
    """Jinja source."""
    bos: str = ""
    adds_bos: bool | None = None
    """Whether the tokenizer puts BOS before every prompt by itself."""
    end_of_turn: str = ""
    stops_by_itself: tuple[str, ...] = ()
    """Tokens at which the model file itself says that a turn ends."""
    context: int | None = None
    sha256: str = ""
    system: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    """What the audit asked with, as a Modelfile writes it."""


def trained_by_gguf(path: Path) -> Trained:
    """From the head of a GGUF file. Raises ModelError."""
    found = describe_gguf(path)
    tokenizer: dict[str, Any] = found["tokenizer"]
    special = {name: one["text"] or "" for name, one in tokenizer["special"].items()}
    template = found["chat_template"] or ""
    card = card_of(template)
    ends = tuple(special[name] for name in ("eos", "eot") if special.get(name))
    return Trained(
        source=f"the chat template inside {path.name}",
        template=template,
        bos=special.get("bos", ""),
        adds_bos=tokenizer["adds_bos"] if tokenizer["adds_bos"] is not None else bool(card and card.leading_bos),
        end_of_turn=(card.end_of_turn if card else "") or (ends[0] if ends else ""),
        stops_by_itself=ends,
        context=found["context_length"],
        sha256=sha256_file(path),
    )


def trained_by_family(name: str) -> Trained:
    """From a family card and the template that it names. Raises UsageError for an unknown one, ModelError."""
    cards = {card.family: card for card in family_cards()}
    if name not in cards:
        near = difflib.get_close_matches(name, cards, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"there is no family {name!r}", where="--family", next_step=f"{hint}known: {', '.join(sorted(cards))}"
        )
    card = cards[name]
    bos = ""
    if card.leading_bos:
        bos = "<bos>" if name.startswith("gemma") else "<|begin_of_text|>" if name.startswith("llama") else BOS_TEXTS[0]
    return Trained(
        source=f"the template of {card.template.released_with} (family {name})" if card.template else f"family {name}",
        template=read_carried(card.template) if card.template else "",
        bos=bos,
        adds_bos=bool(card.leading_bos),
        end_of_turn=card.end_of_turn or "",
        context=card.context,
    )


def card_of(template: str) -> Family | None:
    """The most specific card whose marks stand in a chat template; None when only general ones do."""
    for card in family_cards():
        if card.template_marks and all(mark in template for mark in card.template_marks):
            return card
    return None
