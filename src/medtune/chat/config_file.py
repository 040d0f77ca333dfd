"""The JSON files that say what a model folder holds."""

from pathlib import Path
from typing import Any

from medtune.core.errors import DataError, ModelError
from medtune.core.io import read_json

CONFIG = "config.json"


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
