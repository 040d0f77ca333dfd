"""Elements of dates other than the year, and ages over 89."""

import re
from collections.abc import Iterator

from medtune.detect.phi.found import Found
from medtune.detect.phi.structured import around

_LONG = "january|february|march|april|may|june|july|august|september|october|november|december"
_MONTH = rf"(?:{_LONG}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:\s?(?:st|nd|rd|th))?"
_YEAR = r"(?:(?:19|20)\d\d|['’]\d\d)"
_CLOCK = r"(?:[T ,]{1,2}(?:at )?\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?[ap]\.?m\.?)?(?:Z|[+-]\d\d:?\d\d)?)?"
_WRITTEN = re.compile(
    rf"(?<![\w-])(?:{_MONTH}\s{{0,2}}{_DAY}(?!\s?(?:mg|ml|mcg|%|/\d))(?:(?:\s?(?:-|–|to|and|"
    rf"&)\s?(?:{_MONTH}\s)?{_DAY})?"
    rf"(?:,?\s+(?:of\s)?{_YEAR})?)(?![\d:/.]\d|\d)"
    rf"|{_DAY}(?:\s+of)?[\s-]{{1,2}}{_MONTH}(?:[\s,-]{{1,2}}{_YEAR})?(?![\w]))" + _CLOCK,
    re.I,
)
_MONTH_YEAR = re.compile(rf"(?<![\w-]){_MONTH}(?:\s+of)?[\s,-]{{1,2}}{_YEAR}(?!\d)", re.I)
_ISO = re.compile(r"(?<![\d-])(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?![\d-])" + _CLOCK)
_NUMERIC = re.compile(
    r"(?<![\d/.-])(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:19|20)\d\d|\d\d)(?![\d/-]|\.\d)"
    + _CLOCK
)
_SHORT = re.compile(
    r"\b(?:on|dated?|dob|d\.o\.b\.|born|seen|visit|appt|admitted|discharged|adm|f/u|since|until|by)[:\s]+"
    r"(?P<v>(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01]))(?![\d/]|\s?(?:mm|%|of|scale))",
    re.I,
)
_COMPACT = re.compile(
    r"\b(?:dob|d\.o\.b\.|birth ?date|date of birth|born)\W{1,3}(?P<v>(?:19|20)\d{6}|\d{8}|\d{6})\b", re.I
)
_AGE = re.compile(
    r"(?<![\w.,/-])(?P<v>(?:9\d|1[0-2]\d))(?=(?:[\s-]?(?:years?|yrs?)[\s-]*(?:old|of age)|\s?-?(?:yo|"
    r"y/o|y\.o\.)\b|[\s-]?year-old))"
    r"|\b(?:aged?|turn(?:ed|ing)?|is|age[: ]) ?(?:of )?(?P<w>(?:9\d|"
    r"1[0-2]\d))(?=[,.;)\s]*(?:years?\b|yrs?\b|-|$|[,.;)]))",
    re.I,
)
_NINETY = re.compile(r"(?<!\d)(?:9\d|1[0-2]\d)(?!\d)")
_DIGIT = re.compile(r"\d(?=\d?(?:[-/.](?:\d|[A-Za-z])|(?:st|nd|rd|th)?\b))|\d{4}")


def dates(text: str) -> Iterator[Found]:
    """Dates with a day or a month; a year alone may stand."""
    for start, end in around(text, _DIGIT, 30, 40):
        for regex, score in ((_ISO, 0.95), (_NUMERIC, 0.9), (_WRITTEN, 0.9), (_MONTH_YEAR, 0.8)):
            for match in regex.finditer(text, start, end):
                if not _is_verb(match.group()):
                    yield Found(match.start(), match.end(), "date", score)
        for regex in (_SHORT, _COMPACT):
            for match in regex.finditer(text, start, end):
                yield Found(*match.span("v"), "date", 0.8)


def ages(text: str) -> Iterator[Found]:
    """Ages from 90 on."""
    if not _NINETY.search(text):
        return
    for match in _AGE.finditer(text):
        group = "v" if match.group("v") else "w"
        yield Found(*match.span(group), "age", 0.85)


def _is_verb(written: str) -> bool:
    """«may 2 tablets», «march 5 km»: in lower case only the other months are sure."""
    return re.search(
        r"\b(?:may|march|mar|sep|"
        r"dec)\b",
        written,
    ) is not None and not re.search(r"(?:19|20)\d\d", written)
