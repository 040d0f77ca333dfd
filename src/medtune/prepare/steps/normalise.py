"""Clean text: one form of every character, nothing invisible, and a web page's layout made plain."""

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufffe\uffff]"
)
_WIDE_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_ENDS_OF_LINES = re.compile(r"[ \t]+(?=\n)")
_BLANK_LINES = re.compile(r"\n{3,}")


def normalise(text: str) -> str:
    """NFC, plain line ends and spaces, no control or zero-width characters; layout inside lines is kept."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u0085", "\n"))
    text = _WIDE_SPACE.sub(" ", _INVISIBLE.sub("", text))
    return _BLANK_LINES.sub("\n\n", _ENDS_OF_LINES.sub("", text)).strip()


def unfold_layout(text: str) -> str:
    """MedQuAD's layout white space: `- ` items and what stood apart on the page get lines of their own."""
    text = re.sub(r"(?:\s{2,}|\n)-\s+", "\n- ", text)
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
    text = re.sub(r"(?<=[.!?:)])[ \t]{2,}|[ \t]{3,}", "\n", text)
    return _BLANK_LINES.sub("\n\n", re.sub(r"[ \t]{2,}", " ", text)).strip()
