"""No hub, no telemetry: for as long as model libraries work, and not a moment longer."""

import contextlib
import os
import sys
from collections.abc import Iterator

_VARIABLES = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_CONSTANTS = {"HF_HUB_OFFLINE": True, "HF_HUB_DISABLE_TELEMETRY": True}


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Keep huggingface_hub, transformers, datasets and TRL off the network inside the block.

    The environment is restored afterwards. huggingface_hub reads its variables once, when it is imported, so its
    constants are set (and restored) as well; those of one that is first imported inside get what the environment says.
    """
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(_VARIABLES)
    constants = sys.modules.get("huggingface_hub.constants")
    kept = {name: getattr(constants, name) for name in _CONSTANTS if hasattr(constants, name)}
    for name in kept:
        setattr(constants, name, _CONSTANTS[name])
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        imported_inside = sys.modules.get("huggingface_hub.constants") if constants is None else None
        if imported_inside is not None:
            constants, kept = imported_inside, {name: _is_set(name) for name in _CONSTANTS}
        for name, constant in kept.items():
            setattr(constants, name, constant)


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")
