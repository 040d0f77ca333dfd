"""What every kind of contract is declared with, and how words are counted."""

import re

from pydantic import BaseModel, ConfigDict

CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


class Contract(BaseModel):
    """The declared form of an answer; each kind adds its own fields."""

    model_config = CONFIG


def count_words(text: str) -> int:
    """Words as spaces and marks divide them."""
    return len(_WORD.findall(text))


def count_units(text: str) -> int:
    """Words, with every Chinese character as one of its own."""
    return len(_HAN.findall(text)) + count_words(_HAN.sub(" ", text))


def mostly_han(text: str) -> bool:
    """True when Chinese characters outnumber words in other letters: the script that the text is written in."""
    return len(_HAN.findall(text)) > count_words(_HAN.sub(" ", text))
