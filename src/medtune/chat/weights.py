"""The weights of a model folder: safetensors only, all shards there, none cut short."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medtune.core.errors import DataError, ModelError
from medtune.core.io import read_json

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_EMBEDDINGS = (
    "embed_tokens.weight",
    "wte.weight",
    "word_embeddings.weight",
    "embed_in.weight",
    "tok_embeddings.weight",
)
_HEADER_LIMIT_BYTES = 100_000_000


def check_safetensors(folder: Path) -> tuple[Path, ...]:
    """The weight files (and their index), each checked to be as long as its header says.

    Raises ModelError: none there, only pickles, a missing or a cut shard.
    """
    if (folder / SINGLE).is_file():
        files: tuple[Path, ...] = (folder / SINGLE,)
    elif (folder / INDEX).is_file():
        files = _shards(folder)
    else:
        raise _no_weights(folder)
    for path in files:
        _check_length(path)
    return files if (folder / SINGLE).is_file() else (folder / INDEX, *files)


def _no_weights(folder: Path) -> ModelError:
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if pickles:
        return ModelError(
            f"the weights are pickles ({pickles[0]}): loading a pickle can run any code, so medtune never does",
            where=str(folder),
            next_step="use the .safetensors release of the model, or convert it once on a machine that you trust",
        )
    return ModelError(
        f"no weights: neither {SINGLE} nor {INDEX}",
        where=str(folder),
        next_step="copy the .safetensors files (and their index, if there are several) into the folder",
    )


def shard_names(folder: Path) -> list[str]:
    """Names of the weight files that the index names, sorted. Raises ModelError when it cannot be read."""
    try:
        return sorted({str(name) for name in read_json(folder / INDEX)["weight_map"].values()})
    except (DataError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{INDEX} cannot be read", where=str(folder / INDEX), next_step="copy the model folder again"
        ) from error


def embedding_rows(files: Iterable[Path]) -> int | None:
    """Rows of the token embedding, from the headers of the weight files; None when no tensor has a known name."""
    for path in files:
        if path.suffix != ".safetensors":
            continue
        for name, entry in _header(path)[1].items():
            if name.endswith(_EMBEDDINGS):
                return int(entry["shape"][0])
    return None


def _shards(folder: Path) -> tuple[Path, ...]:
    names = shard_names(folder)
    missing = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
    if missing or not names:
        raise ModelError(
            f"{len(missing)} of {len(names)} weight files are missing: {', '.join(missing[:3])}",
            where=str(folder),
            next_step="copy the model folder again; a download may have been cut off",
        )
    return tuple(folder / name for name in names)


def _header(path: Path) -> tuple[int, dict[str, Any]]:
    """Length in bytes and content of the JSON header; 8 bytes with that length (little endian) stand before it."""
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        if not 2 <= header_bytes <= min(_HEADER_LIMIT_BYTES, path.stat().st_size):
            raise ValueError("header length")
        header = json.loads(file.read(header_bytes))
    header.pop("__metadata__", None)
    return header_bytes, header


def _check_length(path: Path) -> None:
    """Behind the header come the tensors, and nothing else."""
    try:
        header_bytes, header = _header(path)
        ends = [entry["data_offsets"][1] for entry in header.values()]
        whole = path.stat().st_size == 8 + header_bytes + max(ends, default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        whole = False
    if not whole:
        raise ModelError(
            f"{path.name} is cut short or no safetensors file",
            where=str(path),
            next_step="copy it again and compare its checksum; a git-lfs pointer is only a note where the file lies",
        )
