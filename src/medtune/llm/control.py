"""How a message's text is written before it goes anywhere: one rule, for every path to a model.

Text that only looks like a control token must not become one.

A server renders the chat template around a message and reads the control tokens of the whole text, also those that a
user wrote. No API lets a client say which ones are meant. So a space is put behind the first character of each such
text before anything else happens (`<|end|>` becomes `< |end|>`): training, llama-server and every other server then see
the same harmless characters, and a person can see what was done.

Characters are composed (NFC), because some tokenizers of training do so (Qwen's) and llama.cpp does for none: «é»
written as two characters would be other tokens when served. Decision 0010.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medtune.llamacpp.gguf_info import read_gguf
from medtune.llm.messages import Message

_MARKER = re.compile(r"<\|[^\s<>|]{1,40}\|>|</?[a-z][a-z_]{1,30}>|\[/?[A-Z_]{3,30}\]|<</?[A-Z]{2,20}>>")
"""What chat templates write around turns, thoughts and tools."""
_TOKEN = re.compile(
    r"<\|[^\s<>|]{1,40}\|>|<｜[^\s<>｜]{1,40}｜>|\[\|[^\s\[\]|]{1,40}\|\]|</?s>|"
    r"<(?:bos|eos|pad|unk|mask|sop|eop|start_of_turn|end_of_turn|unused\d{1,5})>|"
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|gMASK)\]|<</?SYS>>"
)
"""How the control tokens of released chat models look, for a model whose vocabulary nobody here can read."""
_LOOKS_SPECIAL = re.compile(r"<pad>|<mask>|<2mass>|\[@BOS@\]|<\|.*\|>|<｜.*｜>|<unused.*>", re.DOTALL)
"""Added tokens that llama.cpp's converter writes as control tokens though the tokenizer does not call them special
(`does_token_look_special` in its conversion/base.py); Gemma has 6,000 of them."""
_UNKNOWN, _CONTROL = 2, 3
"""Token types of GGUF files that a server reads as control tokens."""


@dataclass(frozen=True)
class Control:
    """The texts that a model's prompt must not hold by accident."""

    tokens: frozenset[str]
    """Control tokens of the vocabulary: neutralised in every message."""
    markers: frozenset[str]
    """Further marks of the chat template (`[INST]`, `<think>`): neutralised in what a user or a tool says. An
    assistant's own thoughts and a system prompt that speaks of them keep theirs."""

    def neutral(self, text: str, role: str = "user") -> str:
        """The text, composed, with a space inside each control text; nothing else is changed."""
        text = unicodedata.normalize("NFC", text)
        marks = self.tokens if role in ("system", "assistant") else self.tokens | self.markers
        present = [mark for mark in marks if mark in text]
        while present:
            longest_first = sorted(present, key=lambda mark: (-len(mark), mark))
            pattern = re.compile("|".join(re.escape(mark) for mark in longest_first))
            text = pattern.sub(lambda match: _parted(match.group()), text)
            present = [mark for mark in marks if mark in text]
        return text

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        """A conversation with every message neutralised."""
        return [Message(role=one["role"], content=self.neutral(one["content"], one["role"])) for one in messages]


class ControlByForm:
    """The rule for a model behind an address, whose vocabulary is not known: whatever looks like a control token.

    It takes more than it must (`[NOTE]` in a question gets a space too) rather than too little.
    """

    def neutral(self, text: str, role: str = "user") -> str:
        """As `Control.neutral`, by the form of the texts alone."""
        text = _TOKEN.sub(lambda match: _parted(match.group()), unicodedata.normalize("NFC", text))
        return text if role in ("system", "assistant") else _MARKER.sub(lambda match: _parted(match.group()), text)

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        """A conversation with every message neutralised."""
        return [Message(role=one["role"], content=self.neutral(one["content"], one["role"])) for one in messages]


def control_of(tokens: Iterable[str], template: str) -> Control:
    """Control texts from a vocabulary's control tokens and the chat template's source."""
    found = frozenset(token for token in tokens if token not in _parted(token))
    return Control(found, frozenset(_MARKER.findall(template)) - found)


def served_as_control(token: str, special: bool) -> bool:
    """Does an added token of a tokenizer become a control token of its GGUF file?"""
    return special or _LOOKS_SPECIAL.fullmatch(token) is not None


def control_of_gguf(path: Path) -> Control:
    """The control texts of a GGUF file. Raises ModelError when it is no whole one."""
    metadata = read_gguf(path, arrays=True).metadata
    tokens, types = metadata.get("tokenizer.ggml.tokens") or [], metadata.get("tokenizer.ggml.token_type") or []
    control = [token for token, kind in zip(tokens, types, strict=False) if kind in (_UNKNOWN, _CONTROL)]
    return control_of(control, str(metadata.get("tokenizer.chat_template") or ""))


def _parted(mark: str) -> str:
    """The mark with a space behind its first character; one that this does not change (white space) is let through."""
    return f"{mark[:1]} {mark[1:]}"
