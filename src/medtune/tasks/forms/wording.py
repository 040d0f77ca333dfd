"""Text as it may stand in a form: one line, or prose in lines that cannot be taken for a heading."""

import re

_NO_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEADING = re.compile(r"^(\\*##(?: |$))", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(\\*##(?: |$))", re.MULTILINE)


def one_line(text: str) -> str:
    """All words on one line, single spaces between them; characters that no document may hold are dropped."""
    return " ".join(_NO_XML.sub("", text).split())


def prose(text: str) -> str:
    """Lines without blanks at their ends, nothing empty at either end; characters as in `one_line`."""
    lines = _NO_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def guarded(text: str) -> str:
    """Prose in which a line that reads like a heading of the form begins with a backslash."""
    return _HEADING.sub(r"\\\1", prose(text))


def unguarded(text: str) -> str:
    """The prose that `guarded` was given."""
    return _ESCAPED.sub(r"\1", text)
