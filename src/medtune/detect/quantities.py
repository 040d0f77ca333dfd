"""Numbers with units in English text: «10 to 15 minutes», «300 mg», «5 mL/kg», «half a tablet», «every 4-6 hours».

What was written is kept; `Quantity.within` brings two quantities of one dimension to one unit for comparison.
"""

import re
from dataclasses import dataclass

UNITS: dict[str, dict[str, tuple[float, str]]] = {
    "time": {
        "s": (1, r"s|secs?|seconds?"),
        "min": (60, r"mins?|minutes?"),
        "h": (3600, r"h|hrs?|hours?"),
        "day": (86_400, r"days?"),
        "week": (604_800, r"wks?|weeks?"),
        "month": (2_629_800, r"months?"),
        "year": (31_557_600, r"yrs?|years?"),
    },
    "mass": {
        "mcg": (1e-6, r"mcg|µg|μg|ug|micrograms?"),
        "mg": (1e-3, r"mg|mgs|milligrams?|milligrammes?"),
        "g": (1, r"g|grams?|grammes?"),
        "kg": (1000, r"kgs?|kilograms?|kilos?"),
    },
    "volume": {
        "ml": (1e-3, r"ml|mls|millilit(?:er|re)s?|cc"),
        "l": (1, r"l|lit(?:er|re)s?"),
        "teaspoon": (5e-3, r"tsp|teaspoon(?:ful)?s?"),
        "tablespoon": (15e-3, r"tbsp|tablespoon(?:ful)?s?"),
    },
    "length": {
        "mm": (1e-3, r"mm|millimet(?:er|re)s?"),
        "cm": (1e-2, r"cm|centimet(?:er|re)s?"),
        "inch": (0.0254, r"inch(?:es)?"),
        "m": (1, r"met(?:er|re)s?"),
    },
    "temperature": {"°C": (1, r"°\s?c|degrees? (?:c|celsius)|celsius"), "°F": (1, r"°\s?f|degrees? (?:f|fahrenheit)")},
    "share": {"%": (1, r"%|per ?cent|percent")},
    "activity": {"unit": (1, r"units?|iu|international units?")},
    "amount": {"mmol/l": (1, r"mmol/l"), "mg/dl": (1, r"mg/dl"), "mmhg": (1, r"mm ?hg")},
    "count": {
        "tablet": (1, r"tablets?|pills?|caplets?"),
        "capsule": (1, r"capsules?"),
        "puff": (1, r"puffs?"),
        "drop": (1, r"drops?"),
        "spray": (1, r"sprays?"),
        "sachet": (1, r"sachets?|packets?"),
        "lozenge": (1, r"lozenges?"),
        "patch": (1, r"patch(?:es)?"),
        "dose": (1, r"doses?"),
        "compression": (1, r"(?:chest )?compressions?"),
        "breath": (1, r"(?:rescue )?breaths?"),
        "blow": (1, r"(?:back )?blows?|(?:abdominal |chest )?thrusts?"),
        "time": (1, r"times|x"),
    },
}
"""Dimension to unit: its size in the dimension's first principles (s, g, l, m) and how it is written."""

_WORDS: dict[str, float] = {
    "half": 0.5, "quarter": 0.25, "a": 1, "an": 1, "one": 1, "once": 1, "two": 2, "twice": 2, "couple": 2, "three": 3,
    "thrice": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "dozen": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50,
    "sixty": 60, "ninety": 90, "hundred": 100,
}  # fmt: skip
_GLYPHS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}
_NUMBER = (
    r"(?:\d{1,3}(?:[,\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?\s?[½¼¾⅓⅔]|\d+/\d+|\d*\.\d+|\d+|[½¼¾⅓⅔]"
    r"|(?:a |an )?(?:half|quarter|couple|dozen|hundred)|" + "|".join(sorted(_WORDS, key=len, reverse=True)) + ")"
)
_UNIT = "|".join(
    f"(?P<{dimension}_{number}>{pattern})"
    for dimension, units in UNITS.items()
    for number, (_, pattern) in enumerate(units.values())
)
_PER_UNIT = r"kg|kilogram|kilo|day|hour|h|minute|min|week|dose|24 hours|night|month"
_PER = rf"(?:\s?/\s?|\s?(?:per|an?|each|every|in any|in)\s)(?P<per>{_PER_UNIT})\b"
_QUANTITY = re.compile(
    rf"(?<![\w.,/])(?P<low>{_NUMBER})(?P<half> and a half)?"
    rf"(?:\s?(?:(?P<low_unit>[a-zµ°%]+)\s?(?=[-–—t]))?(?:-|–|—|to\b|or\b|and\b)\s?(?P<high>{_NUMBER}))?"
    rf"(?:[\s-]?(?:(?<=half\s)an?\s|(?<=quarter\s)(?:of\s)?an?\s|(?<=couple\s)of\s|more\s)?)"
    rf"(?:{_UNIT})(?!\w)(?:{_PER}|(?P<daily>\s(?:daily|a day)\b))?",
    re.IGNORECASE,
)
_RATE = re.compile(
    rf"(?<![\w.,/])(?!(?:an?|half|quarter|couple)\b)(?P<low>{_NUMBER})(?:\s?(?:-|–|—|to|or)\s?(?P<high>{_NUMBER}))?(?:\stimes)?{_PER}",
    re.IGNORECASE,
)
_EVERY = re.compile(r"\b(?:every|each)\s(?:other\s)?$", re.IGNORECASE)
_ALONE = re.compile(
    r"\b(?P<freq>once|twice|thrice)\s?(?:daily|(?:a|per|each|every)\s(?P<per>day|week|hour|night))\b", re.I
)
_PERS = {"kilogram": "kg", "kilo": "kg", "h": "hour", "min": "minute", "24 hours": "day"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or range at `text[start:end]`: `low` to `high`, in `unit`, `per` kg or day; `every`: an interval."""

    start: int
    end: int
    quote: str
    low: float
    high: float
    unit: str
    dimension: str
    per: str = ""
    every: bool = False

    def within(self, low: float, high: float, unit: str) -> bool | None:
        """Does the whole range lie in `low` to `high` of `unit`? None if the units cannot be compared."""
        own, other = size_of(self.unit), size_of(unit)
        if own is None or other is None or own[0] != other[0] or (own[0] not in _SCALED and self.unit != unit):
            return None
        slack = 1e-9
        first, last = self.low * own[1] / other[1], self.high * own[1] / other[1]
        return low - slack <= first and last <= high + slack


_SCALED = frozenset({"time", "mass", "volume", "length"})


def size_of(unit: str) -> tuple[str, float] | None:
    """Dimension and size of a unit by its short name (a key of UNITS); None for an unknown one."""
    return next(((dimension, units[unit][0]) for dimension, units in UNITS.items() if unit in units), None)


def read_quantities(text: str) -> tuple[Quantity, ...]:
    """Every quantity in order of place; none overlaps another."""
    found = [_rate(match) for match in _ALONE.finditer(text)]
    for pattern, read in ((_RATE, _rate), (_QUANTITY, _quantity)):
        for match in pattern.finditer(text):
            if all(match.end() <= one.start or match.start() >= one.end for one in found):
                found.append(read(match))
    return tuple(sorted(found, key=lambda quantity: quantity.start))


def _quantity(match: re.Match[str]) -> Quantity:
    dimension, unit = _unit(match)
    low = _value(match["low"].casefold()) + (0.5 if match["half"] else 0)
    high = _value(match["high"].casefold()) if match["high"] else low
    if match["low_unit"] and match["high"]:
        low = _converted(low, match["low_unit"].casefold(), unit)
    if match["high"] and high < low:
        low, high = high, low
    per = "day" if match["daily"] else (match["per"] or "").casefold()
    every = _EVERY.search(match.string, 0, match.start()) is not None
    return Quantity(*match.span(), match.group(), low, high, unit, dimension, _PERS.get(per, per), every)


def _rate(match: re.Match[str]) -> Quantity:
    groups = match.groupdict()
    low = _value((groups.get("low") or groups["freq"]).casefold())
    high = _value(groups["high"].casefold()) if groups.get("high") else low
    per = (groups.get("per") or "day").casefold()
    return Quantity(*match.span(), match.group(), low, max(low, high), "time", "count", _PERS.get(per, per))


def _unit(match: re.Match[str]) -> tuple[str, str]:
    for dimension, units in UNITS.items():
        for number, name in enumerate(units):
            if match[f"{dimension}_{number}"]:
                return dimension, name
    raise AssertionError(match.group())


def _value(number: str) -> float:
    if number[-1] in _GLYPHS:
        return float(number[:-1].strip() or 0) + _GLYPHS[number[-1]]
    if "/" in number:
        over, under = number.split("/")
        return float(over) / float(under) if float(under) else 0.0
    words = number.split()
    if words[-1] in _WORDS:
        return _WORDS[words[-1]]
    return float(number.replace(",", "").replace("\u202f", ""))


def _converted(value: float, written: str, unit: str) -> float:
    """«500 mg to 1 g»: the first number in the unit of the second."""
    for units in UNITS.values():
        for name, (size, pattern) in units.items():
            if unit in units and re.fullmatch(pattern, written, re.IGNORECASE):
                return value * size / units[unit][0] if units[name] is not units[unit] else value
    return value
