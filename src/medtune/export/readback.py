"""Read a finished GGUF back: does it hold what the tokenizer's own files say?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.chat.family import chat_template_text
from medtune.chat.template import ChatTokenizer
from medtune.core.errors import ModelError
from medtune.llamacpp.gguf_info import ArraySummary, GgufInfo, read_gguf
from medtune.llm.control import Control, control_of_gguf

_ENDS_BY_TEXT = frozenset(
    ("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>", "<|end_of_text|>")
)
"""Texts of tokens at which the pinned llama.cpp ends a generation (`special_eog_ids` in its llama-vocab.cpp)."""
_SHOWN = 5
"""Names in a warning."""


@dataclass(frozen=True)
class Expected:
    """What every build of a model folder must say of itself."""

    chat_template: str
    vocabulary: int
    """Rows of the embedding."""
    eos_id: int | None
    bos_id: int | None
    stop_ids: frozenset[int]
    """Tokens of which at least one ends the assistant's turn."""
    stops_by_text: bool
    """True when llama.cpp knows one of these tokens by its text, whatever the file names as its end."""
    sure: bool
    """True when the family's card names the end-of-turn token."""
    control: Control
    """What the tokenizer's messages must not hold by accident."""


def expected_of(folder: Path, tokenizer: ChatTokenizer, config: dict[str, Any]) -> Expected:
    """What the builds of a model folder must hold."""
    text = config.get("text_config")
    sizes = {**config, **text} if isinstance(text, dict) else config
    return Expected(
        chat_template=chat_template_text(folder),
        vocabulary=int(sizes["vocab_size"]),
        eos_id=tokenizer.hf.eos_token_id,
        bos_id=tokenizer.hf.bos_token_id,
        stop_ids=tokenizer.stop_ids,
        stops_by_text=any(tokenizer.hf.convert_ids_to_tokens(stop) in _ENDS_BY_TEXT for stop in tokenizer.stop_ids),
        sure=tokenizer.family.end_of_turn is not None,
        control=tokenizer.control,
    )


def check_control(path: Path, expected: Expected) -> tuple[str, ...]:
    """A warning when training and serving do not neutralise the same texts in messages.

    Reads the whole vocabulary, which quantizing copies: enough to do once for each conversion.
    """
    served = control_of_gguf(path)
    own, other = (one.tokens | one.markers for one in (expected.control, served))
    if served == expected.control:
        return ()
    parts = [
        f"{len(names)} of {whose} alone ({', '.join(sorted(names)[:_SHOWN])}{', …' if len(names) > _SHOWN else ''})"
        for whose, names in (("the tokenizer", own - other), ("this file", other - own))
        if names
    ]
    return (
        f"control texts differ from the tokenizer's: {'; '.join(parts) or 'others count as marks of the template'}",
    )


def check_gguf(path: Path, expected: Expected) -> tuple[GgufInfo, tuple[str, ...]]:
    """The file's head and warnings.

    Raises ModelError: not a whole GGUF, or one with another chat template, vocabulary, end token or end of turn.
    """
    info = read_gguf(path)
    tokens = info.metadata.get("tokenizer.ggml.tokens")
    count = tokens.count if isinstance(tokens, ArraySummary) else 0
    if count != expected.vocabulary:
        raise _wrong(path, f"it has {count} tokens, the model has {expected.vocabulary}")
    if info.metadata.get("tokenizer.chat_template") != expected.chat_template:
        raise _wrong(path, "its chat template is not the tokenizer's")
    eos = info.metadata.get("tokenizer.ggml.eos_token_id")
    if expected.eos_id is not None and eos != expected.eos_id:
        raise _wrong(path, f"its end token is {eos}, the tokenizer's is {expected.eos_id}")
    bos = info.metadata.get("tokenizer.ggml.bos_token_id")
    if expected.bos_id is not None and bos is not None and bos != expected.bos_id:
        raise _wrong(path, f"its first token is {bos}, the tokenizer's is {expected.bos_id}")
    ends = {eos, info.metadata.get("tokenizer.ggml.eot_token_id")}
    if expected.stop_ids & ends or expected.stops_by_text:
        return info, ()
    listed = ", ".join(str(token) for token in sorted(expected.stop_ids))
    if expected.sure:
        raise _wrong(path, f"a turn ends with token {listed}, but generation would not stop there")
    return info, (f"generation may not stop at the end of a turn (token {listed})",)


def _wrong(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path.name} does not hold what it was made of: {why}",
        where=str(path),
        next_step="check the base model's tokenizer files; if they are the original ones, report this",
    )
