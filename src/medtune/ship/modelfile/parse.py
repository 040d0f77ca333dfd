"""Read a Modelfile by Ollama's own rules.

Grammar: https://docs.ollama.com/modelfile and Ollama's parser/parser.go. A value ends at a line end or blank where its
quotation is closed; `\"\"\"` opens a quotation over several lines and there is no escape character.
"""

import string
from dataclasses import dataclass

from medtune.core.errors import DataError

COMMANDS = (
    "from", "license", "template", "system", "adapter", "draft", "renderer", "parser", "parameter", "message",
    "requires",
)  # fmt: skip
_ROLES = ("system", "user", "assistant")
_QUOTES = '"""'
_LETTERS = string.ascii_letters
_DIGITS = string.digits + "_"
_BLANK = " \t"
_LINE_ENDS = "\r\n"


@dataclass(frozen=True)
class Command:
    """One instruction: `name` in lower case, a PARAMETER under its own name; `line` is where it begins, from 1."""

    name: str
    value: str
    line: int
    parameter: bool = False
    role: str = ""
    """Of a MESSAGE."""


def parse_modelfile(text: str, where: str = "Modelfile") -> tuple[Command, ...]:
    """Every instruction in order. Raises DataError naming the line that Ollama would refuse."""
    reader = _Reader(text.removeprefix("\ufeff"), where)
    found = []
    while (command := reader.command()) is not None:
        found.append(command)
    if not any(command.name == "from" for command in found):
        raise DataError("this Modelfile has no FROM line", where=where, next_step="add `FROM ./FILE.gguf`")
    return tuple(found)


class _Reader:
    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.at = text, where, 0

    def command(self) -> Command | None:
        while self.at < len(self.text) and self.text[self.at] in _BLANK + _LINE_ENDS + "#":
            if self.text[self.at] == "#":
                self._skip_line()
            else:
                self.at += 1
        if self.at == len(self.text):
            return None
        line = self._line()
        name = self._word(_LETTERS).lower()
        if name not in COMMANDS:
            known = ", ".join(command.upper() for command in COMMANDS)
            raise self._error(f"{name or self.text[self.at : self.at + 1]!r} is no instruction ({known})", line)
        parameter, role = name == "parameter", ""
        if parameter:
            name = self._word(_LETTERS + _DIGITS)
        if name == "message":
            role = self._word(_LETTERS)
            if role not in _ROLES:
                raise self._error("the role of a MESSAGE is system, user or assistant", line)
        return Command(name, self._value(line), line, parameter, role)

    def _word(self, allowed: str) -> str:
        """Characters that are allowed, up to a blank, which is taken as well."""
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] in allowed:
            self.at += 1
        word = self.text[begin : self.at]
        if self.at == len(self.text) or self.text[self.at] not in _BLANK:
            raise self._error(f"{word!r} needs a value behind it", self._line())
        self.at += 1
        return word

    def _value(self, line: int) -> str:
        begin = self.at
        while self.at < len(self.text):
            if self.text[self.at] in _LINE_ENDS and (value := unquote(self.text[begin : self.at])) is not None:
                return value
            self.at += 1
        if (value := unquote(self.text[begin:])) is None:
            raise self._error("a quotation is opened here and never closed", line)
        return value

    def _skip_line(self) -> None:
        while self.at < len(self.text) and self.text[self.at] not in _LINE_ENDS:
            self.at += 1

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def _error(self, what: str, line: int) -> DataError:
        return DataError(what, where=f"{self.where}:{line}", next_step="mend that line: Ollama refuses it, too")


def unquote(raw: str) -> str | None:
    """A value without its quotation marks; None when they are not closed yet."""
    text = raw.strip()
    if text.startswith(_QUOTES):
        return text[3:-3] if len(text) >= 6 and text.endswith(_QUOTES) else None
    if text.startswith('"'):
        return text[1:-1] if len(text) >= 2 and text.endswith('"') else None
    return text
