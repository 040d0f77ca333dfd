"""How values are written for a reader, and how an answer's text is made safe to show."""

import re
from collections import Counter
from typing import Any

from markupsafe import Markup, escape

_NBSP = "\u00a0"
_HEADING_LINE = re.compile(r"^(\s*)(\*\*|#{1,6} +)(.+?)(\*\*|)(\s*)$")
_LINE = Markup("{}{}<strong>{}</strong>{}{}")
_DIGEST = re.compile(r"^[0-9a-f]{32,}$")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def percent(rate: float) -> str:
    """0.853 as `85.3 %`."""
    return f"{100 * rate:.1f}{_NBSP}%"


def points(difference: float) -> str:
    """A difference of two rates in percentage points, always with its sign."""
    return f"{100 * difference:+.1f}".replace("-", "\u2212")


def size(size_bytes: float) -> str:
    """Bytes in the decimal unit that suits them, as file managers and model hubs count."""
    for unit, bytes_each in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= bytes_each:
            return f"{size_bytes / bytes_each:.2f}{_NBSP}{unit}"
    return f"{size_bytes:.0f}{_NBSP}B"


def duration(seconds: float) -> str:
    """Seconds as hours, minutes and seconds; below ten seconds with one decimal."""
    if seconds < 10:
        return f"{seconds:.1f}{_NBSP}s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    shown = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return f"{_NBSP}".join(f"{value}{_NBSP}{unit}" for value, unit in shown if value) or f"0{_NBSP}s"


def count(number: float) -> str:
    """A whole number with separators; others with up to four significant digits."""
    if isinstance(number, int) or float(number).is_integer():
        return f"{int(number):,}"
    return f"{number:.4g}"


def plain(value: Any) -> str:
    """Any JSON value in a line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return count(value)
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    return "" if value is None else str(value)


def whole(number: float) -> str:
    """Rounded to a whole number, with separators."""
    return f"{number:,.0f}"


def plural(number: float, one: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count(number)} {one if number == 1 else one + 's'}"


def label(key: str) -> str:
    """A JSON key as words."""
    return key.replace("_", " ")


def short(digest: str | None) -> str:
    """The first characters of a digest."""
    return digest[:12] if digest else "none"


def compact(value: Any) -> Any:
    """A long digest cut to its beginning; everything else as it is."""
    return f"{value[:12]}…" if isinstance(value, str) and _DIGEST.match(value) else value


def visible(text: str) -> str:
    """Control and direction characters as symbols: they could hide or reorder words."""
    return "".join(_symbol(char) for char in text)


def _symbol(char: str) -> str:
    code = ord(char)
    if char in "\n\t":
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if char in _BIDI or 0x80 <= code < 0xA0:
        return f"[U+{code:04X}]"
    return char


def answer(text: str) -> Markup:
    """A model's words, verbatim and inert; headings and wholly bold lines are set bold, their marks kept."""
    lines = []
    for line in visible(text).split("\n"):
        heading = _HEADING_LINE.match(line)
        if heading and (heading[2] == "**") == (heading[4] == "**"):
            lead, before, inner, after, tail = heading.groups()
            lines.append(_LINE.format(lead, _mark(before), inner, _mark(after), tail))
        else:
            lines.append(escape(line))
    return Markup("\n").join(lines)


def _mark(mark: str) -> Markup:
    return Markup('<span class="stars">{}</span>').format(mark) if mark else Markup()


def condensed(reason: str) -> str:
    """A check's reasons, each once, with how often it was given."""
    counts = Counter(reason.split("; "))
    return "; ".join(f"{part} ({number} times)" if number > 1 else part for part, number in counts.items())


def moment(iso: str | None) -> str:
    """A time in UTC, ISO 8601, to the minute."""
    return f"{iso[:16].replace('T', ' ')} UTC" if iso else "time not recorded"


FILTERS = {
    "percent": percent,
    "points": points,
    "size": size,
    "duration": duration,
    "count": count,
    "plain": plain,
    "whole": whole,
    "plural": plural,
    "label": label,
    "compact": compact,
    "short": short,
    "visible": visible,
    "answer": answer,
    "condensed": condensed,
    "moment": moment,
}
