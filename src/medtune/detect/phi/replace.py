"""What stands in an identifier's place: a mark, or a surrogate that is the same throughout one record."""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from medtune.detect.phi.found import Found

AGE = "over 89"
_TITLE = re.compile(
    r"(?:dr|mr|mrs|ms|miss|mx|prof|professor|doctor|sir|nurse|sister|rev|herr|frau|"
    r"mme)\b\.?\s+",
    re.I,
)
_FACILITY = re.compile(
    r"\b(Hospital|Clinic|Medical Center|Health Center|Infirmary|Hospice|Ward|Street|Road|Avenue)\b", re.I
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.I)
_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m-%d-%y", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y",
    "%B %d, %Y", "%b %d, %Y", "%b. %d, %Y", "%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y", "%B %d", "%b %d", "%d %B",
    "%d %b", "%B %Y", "%b %Y", "%m/%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
)  # fmt: skip
_GIVEN = ("Alex", "Robin", "Jamie", "Morgan", "Casey", "Taylor", "Jordan", "Avery", "Riley", "Quinn", "Rowan", "Skyler")
_FAMILY = (
    "Ashdown",
    "Brookes",
    "Calloway",
    "Dunmore",
    "Everly",
    "Fairholm",
    "Garland",
    "Harwick",
    "Inglewood",
    "Kestrel",
)
_PLACES = ("Northfield", "Eastbrook", "Westmoor", "Lakeview", "Fairhaven", "Stonebridge", "Millford", "Ashgrove")


def mask(text: str, found: Sequence[Found]) -> str:
    """The text with `[NAME]`, `[DATE]` and the like; a title before a name stays, an age becomes «over 89»."""
    return _replace(text, found, lambda _, kind: AGE if kind == "age" else f"[{kind.upper()}]")


@dataclass(frozen=True)
class Surrogates:
    """Stand-ins of one record: the same value gives the same one; all dates move by one offset.

    `key` makes them: who does not know it cannot tell the offset. `record` is the record's id.
    """

    key: bytes
    record: str

    def apply(self, text: str, found: Sequence[Found]) -> str:
        """The text with surrogates; what cannot be imitated is masked."""
        return _replace(text, found, self._of)

    @property
    def days(self) -> int:
        """By how many days the record's dates move: 30 to 394, back."""
        return -(30 + self._number("offset") % 365)

    def _number(self, *parts: str) -> int:
        return int.from_bytes(hmac.new(self.key, "\0".join((self.record, *parts)).encode(), sha256).digest()[:8], "big")

    def _of(self, value: str, kind: str) -> str:
        number = self._number(kind, " ".join(value.casefold().split()))
        made: dict[str, Callable[[], str]] = {
            "name": lambda: self._name(value),
            "place": lambda: _place(value, number),
            "date": lambda: _shifted(value, self.days),
            "age": lambda: AGE,
            "email": lambda: f"person{number % 10_000}@example.org",
            "url": lambda: f"https://example.org/{number % 10_000}",
            "ip": lambda: f"192.0.2.{number % 254 + 1}",
            "photo": lambda: f"image{number % 10_000}.{value.rsplit('.', 1)[-1]}",
            "phone": lambda: f"555-01{number % 100:02d}",
            "fax": lambda: f"555-01{number % 100:02d}",
        }
        return made[kind]() if kind in made else _same_form(value, number)

    def _name(self, value: str) -> str:
        """Each word by itself, so that «Anna Berg» and «Berg» stay one person."""
        words = value.split()
        named = []
        for place, word in enumerate(words):
            number = self._number("name", word.casefold().strip(".,'’"))
            pool = _FAMILY if place == len(words) - 1 and len(words) > 1 else _GIVEN
            named.append(f"{pool[number % len(pool)][0]}." if len(word.strip(".")) == 1 else pool[number % len(pool)])
        return " ".join(named)


def _replace(text: str, found: Sequence[Found], of: Callable[[str, str], str]) -> str:
    parts, place = [], 0
    for one in sorted(found):
        start = one.start
        title = _TITLE.match(text, start, one.end) if one.kind == "name" else None
        if title and title.end() < one.end:
            start = title.end()
        parts += [text[place:start], of(text[start : one.end], one.kind)]
        place = one.end
    return "".join([*parts, text[place:]])


def _place(value: str, number: int) -> str:
    facility = _FACILITY.search(value)
    name = _PLACES[number % len(_PLACES)]
    return f"{name} {facility[1]}" if facility else name


def _shifted(value: str, days: int) -> str:
    """The date moved, in its own form; a mark when the form is unknown."""
    plain = " ".join(_ORDINAL.sub("", value).replace("’", "'").split())
    for form in _FORMATS:
        whole = form if "%Y" in form or "%y" in form else f"{form} %Y"
        try:
            read = datetime.strptime(plain if whole == form else f"{plain} 2024", whole)
        except ValueError:
            continue
        return (read + timedelta(days=days)).strftime(form)
    return "[DATE]"


def _same_form(value: str, number: int) -> str:
    """Other digits for digits and other letters for letters."""
    made = []
    for char in value:
        number = (number * 6364136223846793005 + 1442695040888963407) % 2**64
        pick = number >> 33
        if char.isdigit():
            made.append(str(pick % 10))
        elif char.isalpha():
            letter = chr(65 + pick % 26)
            made.append(letter if char.isupper() else letter.lower())
        else:
            made.append(char)
    return "".join(made)
