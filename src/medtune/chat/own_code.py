"""Python code that a model folder brings along: never run.

A config.json may name classes of its own (`auto_map`). Where transformers has a class for the architecture, that one is
used, and the folder that everything else sees says nothing of others: llama.cpp's converter, above all, trusts what a
folder names.
"""

import json
from pathlib import Path

from medtune.chat.config_file import CONFIG, read_config
from medtune.chat.family import known_architectures
from medtune.chat.linked_folder import linked_folder
from medtune.core.errors import ModelError

_TOKENIZER_CONFIG = "tokenizer_config.json"


def refuse_own_code(folder: Path, architecture: str) -> None:
    """Raise ModelError when the folder can be used with Python code of its own only."""
    for name in (CONFIG, _TOKENIZER_CONFIG):
        known = name == CONFIG and architecture in known_architectures()
        if not known and (folder / name).is_file() and read_config(folder, name).get("auto_map"):
            raise ModelError(
                f"{name} asks for Python code of its own to be run (`auto_map`); medtune never does that",
                where=str(folder / name),
                next_step="use a release of the model without it",
            )


def without_own_code(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """`folder` itself, or one with its files that names no code and holds none; and what is to be said about it."""
    config = read_config(folder)
    if not config.pop("auto_map", None):
        return folder, ()
    note = (
        "config.json names Python code of the model's own (auto_map): it is not run, transformers' own class for "
        "this architecture is used"
    )
    return linked_folder(folder, {CONFIG: json.dumps(config, indent=2) + "\n"}, without=".py"), (note,)
