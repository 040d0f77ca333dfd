"""The training engines: one file each, all with the door that `protocol.Engine` describes."""

import importlib
from typing import cast

from medtune.train.capability import Capability
from medtune.train.engines.protocol import Engine
from medtune.train.planner.plan import EngineName
from medtune.train.settings import Settings

ENGINES: dict[EngineName, str] = {
    "fast": "medtune.train.engines.fast",
    "unsloth": "medtune.train.engines.unsloth",
    "trl": "medtune.train.engines.trl",
}
"""Name in the recipe -> module, imported when it is used."""


def engine(name: EngineName) -> Engine:
    """The engine of a name in `ENGINES`."""
    return cast(Engine, importlib.import_module(ENGINES[name]))


def unable(settings: Settings, capability: Capability) -> dict[EngineName, str | None]:
    """Why each engine cannot run these settings here, or None."""
    return {name: engine(name).unable(settings, capability) for name in ENGINES}
