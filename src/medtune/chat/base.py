"""Which base model is meant, and whether its folder can be used: checked before anything heavy is imported."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from medtune.chat.config_file import CONFIG, read_config
from medtune.chat.digests import file_digest
from medtune.chat.family import Family, check_architecture, find_family
from medtune.chat.given_template import give_template
from medtune.chat.hub import fetch, is_fetched, snapshot_folder
from medtune.chat.own_code import refuse_own_code, without_own_code
from medtune.chat.weights import check_safetensors, embedding_rows
from medtune.config.recipe import HubBase, LocalBase
from medtune.core.errors import ModelError
from medtune.core.hashing import digest_json
from medtune.core.net import Egress

TINY = "tiny"
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
    """`tiny`, the folder's name, or OWNER/NAME of the hub; what artefacts call it. Never a machine path."""
    folder: Path
    architecture: str
    family: Family
    files: tuple[Path, ...]
    """The files that the digest covers, sorted."""
    revision: str | None = None
    """The commit of the hub that the files are of."""
    notes: tuple[str, ...] = ()
    """What a user should know about this base: what was not verified, a template that it did not bring."""

    @functools.cached_property
    def digest(self) -> str:
        """sha256 over the sorted (name, sha256) of configuration, tokenizer and weights; read when first asked for."""
        return digest_json([[path.name, file_digest(path)] for path in self.files])


def resolve_base(base: Literal["tiny"] | LocalBase | HubBase, resolve: Callable[[str], Path]) -> BaseInfo:
    """The base model of a recipe; `resolve` turns a path of the recipe into one of this machine. Fetches nothing.

    Raises ModelError: folder, configuration, tokenizer, chat template or safetensors missing or broken, an unknown
    architecture, vocabulary and embedding of different sizes, weights only as pickles, a folder that wants its own
    Python code to be run, or a model of the hub that was not fetched or whose terms were not accepted.
    """
    folder, name = _locate(base, resolve)
    architecture = check_small_files(folder)
    folder, notes = without_own_code(folder)
    given = give_template(folder, architecture)
    family = find_family(architecture, given.folder)
    check_terms(base, family)
    _check_converter_files(family, given.folder)
    tokenizer = _tokenizer_files(given.folder)
    weights = check_safetensors(given.folder)
    _check_embedding(given.folder, weights)
    config = tuple(given.folder / file for file in _CONFIG_FILES if (given.folder / file).is_file())
    return BaseInfo(
        name=name,
        folder=given.folder,
        architecture=architecture,
        family=family,
        files=tuple(sorted({*config, *tokenizer, *weights})),
        revision=base.revision if isinstance(base, HubBase) else None,
        notes=(*notes, *given.notes, *_unverified(family, architecture)),
    )


def to_fetch(base: Literal["tiny"] | LocalBase | HubBase) -> HubBase | None:
    """The base, when it is one of the hub that is not here yet."""
    return base if isinstance(base, HubBase) and not is_fetched(base) else None


def fetch_base(base: Literal["tiny"] | LocalBase | HubBase, egress: Egress) -> None:
    """Fetch a base of the hub unless it is here; others need nothing. Raises as `hub.fetch` does."""
    if missing := to_fetch(base):
        fetch(missing, egress, lambda folder: _check_before_weights(missing, folder))


def check_terms(base: Literal["tiny"] | LocalBase | HubBase, family: Family) -> None:
    """Raise ModelError for a model of the hub whose family has terms of use, unless the recipe accepts them."""
    if isinstance(base, HubBase) and family.terms_address and not base.accept_terms:
        raise ModelError(
            f"this model comes with terms of use ({family.licence}) that you must accept: {family.terms}",
            where=f"{base.hub}: {family.terms_address}",
            next_step="read them; if you accept them, write `accept_terms: true` under `base:`",
        )


def check_small_files(folder: Path) -> str:
    """The architecture of a model folder, after what can be checked without weights.

    Raises ModelError: configuration or tokenizer missing, no or an unknown architecture, or Python code of its own.
    """
    architecture = _architecture(folder)
    refuse_own_code(folder, architecture)
    check_architecture(architecture, folder)
    _tokenizer_files(folder)
    return architecture


def _check_before_weights(base: HubBase, folder: Path) -> None:
    architecture = check_small_files(folder)
    family = find_family(architecture, give_template(folder, architecture).folder)
    check_terms(base, family)
    _check_converter_files(family, folder)


def _locate(base: Literal["tiny"] | LocalBase | HubBase, resolve: Callable[[str], Path]) -> tuple[Path, str]:
    """Folder and name. Raises ModelError when nothing is there."""
    if isinstance(base, HubBase):
        if not is_fetched(base):
            raise ModelError(
                "this model of the hub was not fetched yet",
                where=f"{base.hub} at {base.revision}",
                next_step="`medtune run RECIPE` fetches it, once",
            )
        return snapshot_folder(base), base.hub
    if not isinstance(base, LocalBase):
        return tiny_folder(), TINY
    folder = resolve(base.path)
    if not folder.is_dir():
        raise ModelError(
            "the base model's folder does not exist", where=str(folder), next_step="check `base.path` in the recipe"
        )
    return folder, folder.name


def _check_embedding(folder: Path, weights: tuple[Path, ...]) -> None:
    """The embedding has a row for each token that config.json counts."""
    config = read_config(folder)
    inner = config.get("text_config")
    counted = (inner if isinstance(inner, dict) else config).get("vocab_size", config.get("vocab_size"))
    rows = embedding_rows(weights)
    if isinstance(counted, int) and rows is not None and rows != counted:
        raise ModelError(
            f"vocabulary and embedding differ: config.json counts {counted} tokens, the embedding has {rows} rows",
            where=str(folder),
            next_step="copy configuration and weights of the model from one release",
        )


def _unverified(family: Family, architecture: str) -> tuple[str, ...]:
    if family.verified != "none":
        return ()
    return (
        f"no family card for {architecture} with this chat template: it is used as it stands. {family.verified_note}",
    )


def tiny_folder() -> Path:
    """Where the embedded base model lies (package data)."""
    return Path(str(resources.files("medtune") / "data" / TINY))


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


def _tokenizer_files(folder: Path) -> tuple[Path, ...]:
    if not any((folder / name).is_file() for name in _TOKENIZER_ANY):
        raise ModelError(
            "the base model's folder has no tokenizer",
            where=str(folder),
            next_step=f"copy its tokenizer files ({', '.join(_TOKENIZER_ANY[:2])}, tokenizer_config.json) beside it",
        )
    return tokenizer_files(folder)


def _check_converter_files(family: Family, folder: Path) -> None:
    """Raise ModelError when a file is missing that the GGUF is made of: else hours of training come before it."""
    for name in family.converter_files:
        if not (folder / name).is_file():
            raise ModelError(
                f"{name} is missing: llama.cpp's converter reads the vocabulary of {family.family} models from it",
                where=str(folder),
                next_step=f"copy {name} from the model's release into this folder",
            )


def tokenizer_files(folder: Path) -> tuple[Path, ...]:
    """The tokenizer's and chat template's files in a folder; none when there are none."""
    return tuple(folder / name for name in _TOKENIZER_FILES if (folder / name).is_file())
