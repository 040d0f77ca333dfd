"""The language model of a folder, by itself: towers for images and sound stay on the disk.

Released Gemma 3 (4B and up) and Gemma 3n are `…ForConditionalGeneration`: one configuration around that of the language
model (`text_config`), and its weights under names of their own. Nothing here needs the towers' libraries (timm).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medtune.chat.config_file import read_config

_LANGUAGE_WEIGHTS = {
    r"^language_model\.lm_head\.": "lm_head.",
    r"^(?:model\.language_model|language_model\.model)\.": "model.",
}
"""Names in the files (`model.language_model.…` now, `language_model.model.…` in older releases) to those in memory."""


def is_multimodal(folder: Path) -> bool:
    """True when the language model is one part of the folder's model."""
    return isinstance(read_config(folder).get("text_config"), dict)


def language_config(folder: Path) -> Any:
    """Its configuration, with the classes' own values for what config.json leaves out. Raises ValueError, KeyError."""
    from transformers import AutoConfig

    if not is_multimodal(folder):
        return AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    whole = read_config(folder)
    inner = dict(whole["text_config"])
    for name in ("tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "dtype", "torch_dtype"):
        if name in whole:
            inner.setdefault(name, whole[name])
    return AutoConfig.for_model(inner.pop("model_type", None) or f"{whole['model_type']}_text", **inner)


def load_language_model(folder: Path, **options: Any) -> Any:
    """`AutoModelForCausalLM.from_pretrained` of the language model alone; `options` go there.

    The class is the text model's (`Gemma3nForCausalLM`), and so are the names of its layers. Raises as transformers.
    """
    from transformers import AutoModelForCausalLM

    always = {"local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
    if not is_multimodal(folder):
        return AutoModelForCausalLM.from_pretrained(str(folder), **always, **options)
    with _no_report_of_towers():
        return AutoModelForCausalLM.from_pretrained(
            str(folder), config=language_config(folder), key_mapping=_LANGUAGE_WEIGHTS, **always, **options
        )


@contextlib.contextmanager
def _no_report_of_towers() -> Iterator[None]:
    """transformers lists every weight that it was not asked to load."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
