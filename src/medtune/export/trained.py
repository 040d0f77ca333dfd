"""What the training left: an adapter or a whole model, on which base, and how that base was held meanwhile."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.chat.base import BaseInfo
from medtune.chat.frozen import Storage
from medtune.core.errors import DataError, ModelError
from medtune.core.hashing import digest_json, sha256_file
from medtune.core.io import read_json
from medtune.export.adapter import CONFIG, Adapter, read_adapter
from medtune.export.weights import read_weights

_STORAGE: dict[str, Storage] = {"qlora": "nf4", "fp8": "fp8"}


@dataclass(frozen=True)
class Trained:
    """What is merged into the base."""

    adapter: Adapter
    storage: Storage | None
    """None: the base was held as it is."""


def read_trained(folder: Path, training_file: Path, base: BaseInfo) -> Trained:
    """Read what training left in `folder`.

    Raises ModelError when it cannot be merged or was trained on another base, DataError when training.json does not
    say which.
    """
    training = read_json(training_file)
    check_base(training, training_file, base)
    plan = training.get("plan") if isinstance(training.get("plan"), dict) else {}
    method = training.get("method") or (plan or {}).get("method") or "lora"
    whole = not (folder / CONFIG).is_file() and (folder / "config.json").is_file()
    return Trained(read_whole(folder) if whole else read_adapter(folder), _STORAGE.get(str(method)))


def read_whole(folder: Path) -> Adapter:
    """A model of which all weights were trained: every tensor takes the place of the base's. Raises ModelError."""
    weights = read_weights(folder)
    digest = digest_json({file: sha256_file(folder / file) for file in weights.files})
    return Adapter(folder, (), digest, dict(weights.tensors), tied_copies=True)


def check_base(training: Any, training_file: Path, base: BaseInfo) -> None:
    """Raises ModelError when the adapter was trained on another base than this one, DataError when it does not say."""
    try:
        trained = str(training["base_digest"])
    except (KeyError, TypeError):
        raise DataError(
            "training.json does not say which base was trained",
            where=str(training_file),
            next_step="train again: `medtune run RECIPE --from train`",
        ) from None
    if trained != base.digest:
        raise ModelError(
            f"the adapter was trained on another base: its digest is {trained[:12]}…, {base.name} has "
            f"{base.digest[:12]}…",
            where=str(training_file),
            next_step="name the base that was trained on, or train again: `medtune run RECIPE --from train`",
        )
