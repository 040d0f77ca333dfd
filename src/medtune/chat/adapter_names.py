"""Adapters of a multimodal base: trained on its language model alone, named for the whole model that users load.

`AutoModelForCausalLM` gives the whole of Gemma 3n, where the same layer is called `model.language_model.layers.0.…`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medtune.core.io import read_json, write_json

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
_PREFIX = "base_model.model."
_ALONE, _WHOLE = "model.layers.", "model.language_model.layers."


def name_for_whole_model(adapter: Path) -> None:
    """Rewrite an adapter folder so that `PeftModel.from_pretrained` takes it for the whole model; once or again.

    Layers are then chosen by a pattern that meets the language model's blocks only, not a tower's of the same name.
    """
    from safetensors.torch import load_file, save_file

    tensors = load_file(adapter / WEIGHTS)
    named = {re.sub(rf"^{re.escape(_PREFIX + _ALONE)}", _PREFIX + _WHOLE, key): value for key, value in tensors.items()}
    save_file(named, adapter / WEIGHTS, metadata={"format": "pt"})
    config = read_json(adapter / CONFIG)
    if isinstance(config.get("target_modules"), list):
        config["target_modules"] = _pattern(config["target_modules"])
        write_json(adapter / CONFIG, config)


def put_adapter(model: Any, adapter: Path) -> Any:
    """The adapter, named either way, on a language model that `load_language_model` gave. Raises as PEFT does."""
    from peft import PeftModel

    mapping = {rf"^{re.escape(_WHOLE)}": _ALONE}
    return PeftModel.from_pretrained(model, str(adapter), is_trainable=False, key_mapping=mapping)


def _pattern(targets: Sequence[str]) -> str:
    """For PEFT, which compares a module's whole name with it."""
    ends = []
    for target in sorted(targets):
        _, numbered, inside = target.partition("layers.")
        ends.append(re.escape(inside) if numbered else rf"\d+\.(?:.*\.)?{re.escape(target)}")
    return rf"(?:.*\.)?(?:language_model|model)\.layers\.(?:{'|'.join(ends)})"
