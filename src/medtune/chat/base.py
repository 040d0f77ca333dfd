"""Which base model is meant, and whether its folder can be used: checked before anything heavy is imported."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from medtune.chat.family import Family, find_family
from medtune.chat.weights import check_safetensors
from medtune.config.recipe import LocalBase
from medtune.core.errors import DataError, ModelError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import read_json

TINY = "tiny"
CONFIG = "config.json"
_TOKENIZER_ANY = ("tokenizer.json", "tokenizer.model", "vocab.json")
_TOKENIZER_FILES = (
    *_TOKENIZER_ANY,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
)
_CONFIG_FILES = (CONFIG, "generation_config.json")


@dataclass(frozen=True)
class BaseInfo:
    """A base model whose files were checked."""

    name: str
    """`tiny`, or the folder's name; what artefacts call it. Never a machine path."""
    folder: Path
    architecture: str
    family: Family
    files: tuple[Path, ...]
    """The files that the digest covers, sorted."""

    @functools.cached_property
    def digest(self) -> str:
        """sha256 over the sorted (name, sha256) of configuration, tokenizer and weights; read when first asked for."""
        return digest_json([[path.name, _sha256_cached(path, *_identity(path))] for path in self.files])


def resolve_base(base: Literal["tiny"] | LocalBase, resolve: Callable[[str], Path]) -> BaseInfo:
    """The base model of a recipe; `resolve` turns a path of the recipe into one of this machine.

    Raises ModelError: folder, configuration, tokenizer, chat template or safetensors missing or broken, an unknown
    architecture, weights only as pickles, or a folder that wants its own Python code to be run.
    """
    if isinstance(base, LocalBase):
        folder = resolve(base.path)
        name = folder.name
    else:
        folder, name = tiny_folder(), TINY
    if not folder.is_dir():
        raise ModelError(
            "the base model's folder does not exist", where=str(folder), next_step="check `base.path` in the recipe"
        )
    architecture = _architecture(folder)
    _refuse_remote_code(folder)
    tokenizer = _tokenizer_files(folder)
    family = find_family(architecture, folder)
    weights = check_safetensors(folder)
    config = tuple(folder / file for file in _CONFIG_FILES if (folder / file).is_file())
    files = tuple(sorted({*config, *tokenizer, *weights}))
    return BaseInfo(name=name, folder=folder, architecture=architecture, family=family, files=files)


def tiny_folder() -> Path:
    """Where the embedded base model lies (package data)."""
    return Path(str(resources.files("medtune") / "data" / TINY))


def read_config(folder: Path, name: str = CONFIG) -> dict[str, Any]:
    """A JSON object of the model folder. Raises ModelError when it is no object or not JSON."""
    try:
        values = read_json(folder / name)
    except DataError as error:
        raise ModelError(
            f"{name} cannot be read: {error.what}", where=error.where, next_step="copy the model folder again"
        ) from error
    if not isinstance(values, dict):
        raise ModelError(f"{name} is no JSON object", where=str(folder), next_step="copy the model folder again")
    return values


def _architecture(folder: Path) -> str:
    if not (folder / CONFIG).is_file():
        raise ModelError(
            "no config.json: this is no model folder in Hugging Face layout",
            where=str(folder),
            next_step="name the folder that holds config.json, the tokenizer and the .safetensors files",
        )
    names = read_config(folder).get("architectures")
    if not isinstance(names, list) or len(names) != 1 or not isinstance(names[0], str):
        raise ModelError(
            "config.json names no single architecture",
            where=str(folder / CONFIG),
            next_step="use a causal language model whose config.json has one entry under `architectures`",
        )
    return names[0]


def _refuse_remote_code(folder: Path) -> None:
    for name in (CONFIG, "tokenizer_config.json"):
        if (folder / name).is_file() and read_config(folder, name).get("auto_map"):
            raise ModelError(
                f"{name} asks for Python code of its own to be run (`auto_map`); medtune never does that",
                where=str(folder / name),
                next_step="use a release of the model without it, or, where transformers knows the architecture "
                "by itself, remove `auto_map` from a copy of the folder",
            )


def _tokenizer_files(folder: Path) -> tuple[Path, ...]:
    if not any((folder / name).is_file() for name in _TOKENIZER_ANY):
        raise ModelError(
            "the base model's folder has no tokenizer",
            where=str(folder),
            next_step=f"copy its tokenizer files ({', '.join(_TOKENIZER_ANY[:2])}, tokenizer_config.json) beside it",
        )
    return tokenizer_files(folder)


def tokenizer_files(folder: Path) -> tuple[Path, ...]:
    """The tokenizer's and chat template's files in a folder; none when there are none."""
    return tuple(folder / name for name in _TOKENIZER_FILES if (folder / name).is_file())


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


@functools.lru_cache(maxsize=1024)
def _sha256_cached(path: Path, size_bytes: int, mtime_ns: int) -> str:
    """Hashing gigabytes takes minutes and several stages ask: once a process, unless size or time change."""
    del size_bytes, mtime_ns  # parts of the cache's key only
    return sha256_file(path)
