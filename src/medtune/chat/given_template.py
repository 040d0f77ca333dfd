"""A base without a chat template gets that of its family's card.

medtune holds no copy of these templates: they are read where the card says, in the pinned llama.cpp source or in trl.
The base's folder is not touched: a folder of links in medtune's cache holds its files and the template.
"""

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from medtune.chat.family import Family, Template, chat_template_text, family_cards
from medtune.core.errors import ModelError, ToolchainError
from medtune.core.hashing import digest_json, sha256_text
from medtune.core.io import read_text, write_text
from medtune.llamacpp.toolchain import cache_folder, find

TEMPLATE_FILE = "chat_template.jinja"
_FOLDER = "bases"
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
    return Given(_folder_with(folder, text), (note,))


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


def _folder_with(folder: Path, text: str) -> Path:
    """Links to the files of `folder`, and the template; the same files give the same folder."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != TEMPLATE_FILE)
    stats = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    key = digest_json([str(folder.resolve()), sha256_text(text), stats])[:16]
    made = cache_folder() / _FOLDER / f"{folder.name}-{key}"
    if not made.is_dir():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
            partial = Path(scratch) / made.name
            partial.mkdir()
            for path in files:
                (partial / path.name).symlink_to(path.resolve())
            write_text(partial / TEMPLATE_FILE, text)
            with contextlib.suppress(OSError):  # another process made it meanwhile
                partial.rename(made)
    return made
