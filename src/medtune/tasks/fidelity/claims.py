"""What a clinical text claims that can be looked up: numbers with units, dates, medicines, organisms, diagnoses.

Two texts are compared claim by claim. A number counts as borne out when the other text holds the same value with the
same unit, or without any unit; units of time are not compared («for 5 days», «5-day course»). A name counts when it
stands in the other text as it is written, apart from case; synonyms do not count, since names are to stay as they were.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Literal

from medtune.core.text import fold
from medtune.tasks.fidelity.names import diagnoses_in, drugs_in, organisms_in

Kind = Literal["number", "date", "drug", "organism", "diagnosis"]

_ATOM = (
    r"mcg|μg|ug|micrograms?|mg|milligrams?|kg|kilograms?|ng|pg|g|grams?|meq|mmol|μmol|umol|nmol|pmol|ml|millilit(?:er|re)s?"
    r"|dl|μl|ul|fl|lit(?:er|re)s?|l|mm\s?hg|cmh2o|kpa|bpm|mm|cm|°\s?c|°\s?f|%|percent|miu|iu|units?|u|cells|min(?:ute)?s?"
    r"|h(?:ou)?rs?|h|days?|d|weeks?|wks?|months?|years?|yrs?|tablets?|capsules?|puffs?|drops?|m2"
)
_TIME = re.compile(r"(?:min(?:ute)?s?|h(?:ou)?rs?|h|days?|d|weeks?|wks?|months?|years?|yrs?)")
_NUMBER = re.compile(
    r"(?<![a-z0-9_])(?<![a-z]-)(?<!\d[.,])(?P<value>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)(?!\d)"
    rf"(?:(?:\s|-)?(?P<unit>(?:{_ATOM})(?:\s?/\s?(?:{_ATOM}))*)(?![a-z0-9]))?"
)
_UNITS = {
    "μg": "mcg", "ug": "mcg", "microgram": "mcg", "micrograms": "mcg", "milligram": "mg", "milligrams": "mg",
    "gram": "g", "grams": "g", "kilogram": "kg", "kilograms": "kg", "milliliter": "ml", "milliliters": "ml",
    "millilitre": "ml", "millilitres": "ml", "liter": "l", "liters": "l", "litre": "l", "litres": "l",
    "umol": "μmol", "ul": "μl",
    "percent": "%", "unit": "u", "units": "u", "mmhg": "mmhg", "tablets": "tablet", "capsules": "capsule",
    "puffs": "puff", "drops": "drop",
}  # fmt: skip
"""Ways to write a unit to the one that is compared; no quantity is converted."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATES = (
    re.compile(r"(?<![\d.])(?P<year>(?:19|20)\d\d)[-/.](?P<number>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?P<year>(?:19|20)\d\d)\s?年\s?(?P<number>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?日"),
    re.compile(rf"(?<![\w.])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s{_MONTH}(?:,?\s(?P<year>(?:19|20)\d\d))?(?!\w)"),
    re.compile(rf"(?<!\w){_MONTH}\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year>(?:19|20)\d\d))?(?![\w.])"),
)


@dataclass(frozen=True)
class Claim:
    """One thing that can be looked up."""

    kind: Kind
    text: str
    """As it stands in the folded text."""
    value: str
    """A number without superfluous zeros, a date as year-month-day (year may be empty), else the name."""
    unit: str = ""
    """Of a number; empty for none."""


@dataclass(frozen=True)
class Claims:
    """Everything that a text claims, read once."""

    text: str

    @cached_property
    def folded(self) -> str:
        """The text in the form in which names are compared."""
        return fold(self.text)

    @cached_property
    def dates(self) -> tuple[Claim, ...]:
        """Dates with a day and a month."""
        return tuple(claim for _, claim in self._dated)

    @cached_property
    def numbers(self) -> tuple[Claim, ...]:
        """Numbers that are no part of a date or of a name."""
        bare = list(_plain(self.text))
        for match, _ in self._dated:
            bare[match.start() : match.end()] = " " * (match.end() - match.start())
        found = []
        for match in _NUMBER.finditer("".join(bare)):
            claim = _number(match)
            if claim is not None:
                found.append(claim)
        return tuple(dict.fromkeys(found))

    @cached_property
    def drugs(self) -> tuple[Claim, ...]:
        """Medicines, each once."""
        return tuple(Claim("drug", name, name) for name in dict.fromkeys(drugs_in(self.folded).values()))

    @cached_property
    def organisms(self) -> tuple[Claim, ...]:
        """Organisms, each once."""
        return tuple(Claim("organism", name, name) for name in dict.fromkeys(organisms_in(self.folded).values()))

    @cached_property
    def diagnoses(self) -> tuple[Claim, ...]:
        """Words for diseases and findings, each once."""
        return tuple(Claim("diagnosis", name, name) for name in dict.fromkeys(diagnoses_in(self.folded).values()))

    def holds(self, claim: Claim) -> bool:
        """Does this text bear a claim of another one out?"""
        if claim.kind == "number":
            return self.unit_fits(claim) is True
        if claim.kind == "date":
            return any(_same_date(claim.value, own.value) for own in self.dates)
        return re.search(rf"(?<![a-z]){re.escape(claim.value)}(?:s|es)?(?![a-z])", self.folded) is not None

    def unit_fits(self, claim: Claim) -> bool | None:
        """Does this text hold the number with its unit? None: not the number itself."""
        units = self._units_of.get(claim.value)
        if units is None:
            return None
        return not claim.unit or claim.unit in units or "" in units or _TIME.fullmatch(claim.unit) is not None

    @cached_property
    def _units_of(self) -> dict[str, frozenset[str]]:
        units: dict[str, set[str]] = {}
        for claim in self.numbers:
            units.setdefault(claim.value, set()).add(claim.unit)
        for claim in self.dates:  # «in 2024» of a date that is written out
            for part in claim.value.split("-"):
                units.setdefault(part, set()).add("")
        return {value: frozenset(found) for value, found in units.items()}

    @cached_property
    def _dated(self) -> tuple[tuple[re.Match[str], Claim], ...]:
        found: list[tuple[re.Match[str], Claim]] = []
        plain = _plain(self.text)
        for pattern in _DATES:
            for match in pattern.finditer(plain):
                clear = all(match.end() <= one.start() or match.start() >= one.end() for one, _ in found)
                if clear and (value := _date(match)):
                    found.append((match, Claim("date", match.group(), value)))
        return tuple(found)


def invented(answer: Claims, source: Claims) -> Iterator[Claim]:
    """Numbers, dates, medicines and organisms of an answer that its source does not bear out."""
    for claim in (*answer.numbers, *answer.dates, *answer.drugs, *answer.organisms):
        if not source.holds(claim):
            yield claim


def _plain(text: str) -> str:
    """Folded without moving line breaks into spaces: places hold within one text only.

    A Chinese comma would fold to the one that divides thousands.
    """
    return unicodedata.normalize("NFKC", text.replace("，", ", ")).casefold()


def _number(match: re.Match[str]) -> Claim | None:
    written = match["value"]
    thousands = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", written)
    try:
        value = Decimal(written.replace(",", "") if thousands else written.replace(",", "."))
    except InvalidOperation:
        return None
    plain = format(value.normalize(), "f") if value else "0"
    unit = "/".join(_unit(part) for part in (match["unit"] or "").split("/")) if match["unit"] else ""
    return Claim("number", " ".join(match.group().split()), plain, unit)


def _unit(written: str) -> str:
    bare = re.sub(r"\s+", "", written)
    return _UNITS.get(bare, bare)


def _date(match: re.Match[str]) -> str:
    """`year-month-day` without leading zeros, the year empty where none is named; empty for no possible date."""
    groups = match.groupdict()
    month = int(groups["number"]) if groups.get("number") else _MONTHS.index(groups["month"][:3]) + 1
    day = int(groups["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ""
    return f"{groups.get('year') or ''}-{month}-{day}"


def _same_date(one: str, other: str) -> bool:
    first, second = one.split("-"), other.split("-")
    return first[1:] == second[1:] and (first[0] == second[0] or not first[0])
