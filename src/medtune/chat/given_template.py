"""A base without a chat template gets that of its family's card.

medtune holds no copy of these templates: they are read where the card says, in the pinned llama.cpp source or in trl.
The base's folder is not touched: a folder of links in medtune's cache holds its files and the template.
"""

from dataclasses import dataclass
from pathlib import Path

from medtune.chat.family import Family, Template, chat_template_text, family_cards
from medtune.chat.linked_folder import linked_folder
from medtune.core.errors import ModelError, ToolchainError
from medtune.core.io import read_text
from medtune.llamacpp.toolchain import find

TEMPLATE_FILE = "chat_template.jinja"
_VOCABULARIES = ("tokenizer.json", "tokenizer_config.json", "added_tokens.json", "tokenizer.model")


@dataclass(frozen=True)
class Given:
    """The folder to use instead, and what to say about it."""

    folder: Path
    notes: tuple[str, ...] = ()


def give_template(folder: Path, architecture: str) -> Given:
    """`folder` itself when it has a chat template, else one with its files and the card's template.

    Raises ModelError when there is neither, or when the template cannot be read where the card says.
    """
    try:
        chat_template_text(folder)
        return Given(folder)
    except ModelError as missing:
        card = _card_for(folder, architecture)
        if card is None or card.template is None:
            raise missing
    text = read_carried(card.template)
    note = (
        f"this base has no chat template: it gets the one of {card.template.released_with} (card {card.family}); "
        "compare it with what its makers write"
    )
    return Given(linked_folder(folder, {TEMPLATE_FILE: text}), (note,))


def read_carried(template: Template) -> str:
    """The text of a template, byte for byte from where it is carried. Raises ModelError when it is not there."""
    if template.carrier == "trl":
        from importlib.util import find_spec

        spec = find_spec("trl")
        path = Path(spec.origin).parent / "chat_templates" / template.file if spec and spec.origin else None
    else:
        try:
            models = find().models
        except ToolchainError as error:
            raise _not_carried(template, "run `medtune toolchain install`") from error
        path = models.parent / template.file if models else None
    if path is None or not path.is_file():
        raise _not_carried(template, "install medtune with the versions in constraints.txt")
    return read_text(path)


def _not_carried(template: Template, step: str) -> ModelError:
    return ModelError(
        f"this base has no chat template, and the one of {template.released_with} is not on this machine",
        where=f"{template.carrier}: {template.file}",
        next_step=f"{step}, or put a {TEMPLATE_FILE} into the base's folder",
    )


def _card_for(folder: Path, architecture: str) -> Family | None:
    """The card of this architecture whose control tokens the tokenizer has."""
    present = b"".join((folder / name).read_bytes() for name in _VOCABULARIES if (folder / name).is_file())
    for card in family_cards():
        template = card.template
        if template and architecture in card.architectures:  # noqa: SIM102
            if all(token.encode() in present for token in template.tokens):
                return card
    return None
