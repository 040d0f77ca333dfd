"""The training engines: one file each, all with the door that `protocol.Engine` describes."""

import importlib
from typing import cast

from medtune.train.engines.protocol import Engine

ENGINES = {
    "trl": "medtune.train.engines.trl",
}
"""Name in the recipe -> module, imported when it is used."""


def engine(name: str) -> Engine:
    """The engine of a name in `ENGINES`."""
    return cast(Engine, importlib.import_module(ENGINES[name]))
