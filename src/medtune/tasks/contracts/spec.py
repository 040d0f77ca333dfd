"""What every kind of contract is declared with, and how words are counted."""

import re

from pydantic import BaseModel, ConfigDict

from medtune.detect.language import read_language

CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-z]+")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_QUANTITY = re.compile(r"\d[\d.,^x]*\s?(?:%|°?[A-Za-zµμ]{1,5}(?:/[A-Za-z\d]{1,4})*)?(?![A-Za-z])")
_BORDER = re.compile(
    r"(?<=[\u3400-\u9fff\uf900-\ufaff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[\u3400-\u9fff\uf900-\ufaff])"
)


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
    """True when Chinese characters outnumber words in other letters: the script that the text is written in.

    Numbers and units belong to neither script.
    """
    words = _LETTERS.findall(_QUANTITY.sub(" ", _HAN.sub(" ", text)))
    return len(_HAN.findall(text)) > len(words)


def in_script(text: str, script: str) -> bool:
    """Is the text written in `latin`, `han`, or `hant` (Chinese that is not Simplified)? Everything is in `any`."""
    if script == "any":
        return True
    if script == "hant" and read_language(_LATIN.sub(" ", text)).code == "zh-Hans":
        return False
    return mostly_han(text) == (script != "latin")


def spaced(text: str) -> str:
    """With a space wherever a Chinese character stands beside a letter or digit of another script."""
    return _BORDER.sub(" ", text)
