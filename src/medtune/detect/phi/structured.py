"""Identifiers that have a form: web addresses, telephone numbers, numbers with or without a word that names them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from medtune.detect.phi.found import Found

_VALUE = r"(?P<v>#?\s?(?=[A-Z0-9/.-]{0,20}\d)[A-Z0-9](?:[A-Z0-9]|[-/.](?=[A-Z0-9])|\s(?=\d{3})){2,24})(?![A-Z0-9])"
_LINK = r"(?:\s?(?:numbers?|num|nos?\b\.?|nr\b\.?|id\b|ids\b|code|identifier|is|was|of|as|[#:=.(-]))*\s*"


@dataclass(frozen=True)
class Pattern:
    """One regular expression; group `v`, where it has one, is the identifier."""

    kind: str
    regex: re.Pattern[str]
    score: float
    needs: str = ""
    """A character without which the expression cannot match."""
    check: Callable[[str], bool] | None = None


def _cued(kind: str, words: str, score: float = 0.9) -> Pattern:
    """A number after a word that names it: at least three digits, or letters and digits mixed."""
    return Pattern(kind, re.compile(rf"(?<![A-Za-z])(?:{words}){_LINK}{_VALUE}", re.I), score, check=_is_number)


def _is_number(value: str) -> bool:
    digits = sum(char.isdigit() for char in value)
    return digits >= 4 or (digits >= 3 and len(value) >= 5 and not re.search(r"\d\.\d", value))


def _is_ip(value: str) -> bool:
    return all(int(part) < 256 for part in value.split("."))


def _long_enough(value: str) -> bool:
    return 8 <= sum(char.isdigit() for char in value) <= 15


_PHONE = (
    r"(?<![\w/-])(?:\+?1[ .-]?)?(?:\(\d{3}\)\s?|\d{3}[ .-])\d{3}[ .-]\d{4}"
    r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?(?![\w-])"
)
_VANITY = (
    r"(?<![\w/-])(?:\+?1[ .-]?)\(?8\d\d\)?[ .-](?=[A-Z\d-]{4})(?=[A-Z\d-]*[A-Z])[A-Z\d]{1,7}"
    r"(?:-[A-Z\d]{2,7}){0,2}(?![\w/-])"
)

PATTERNS: tuple[Pattern, ...] = (
    Pattern("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"), 0.99, "@"),
    Pattern("url", re.compile(r"(?:https?|ftp)://[^\s<>\"')\]]+[^\s<>\"')\].,;:]", re.I), 0.95, "/"),
    Pattern("url", re.compile(r"(?<![\w@.])www\.[\w-]+\.[^\s<>\"')\]]*[^\s<>\"')\].,;:]", re.I), 0.95, "."),
    Pattern("ip", re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)"), 0.95, ".", _is_ip),
    Pattern("ip", re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])", re.I), 0.95, ":"),
    Pattern("ip", re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}(?![\w:])", re.I), 0.9, "::"),
    Pattern("device", re.compile(r"(?<![\w:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![\w:-])", re.I), 0.95),
    Pattern("device", re.compile(r"\(01\)\s?\d{14}(?:\s?\(\d\d\)\s?[\w-]+)*"), 0.95, "("),
    Pattern("photo", re.compile(r"(?<!\w)[\w-]{2,60}\.(?:jpe?g|png|tiff?|heic|bmp|dcm|dicom)\b", re.I), 0.9, "."),
    Pattern("ssn", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), 0.85, "-"),
    Pattern("vehicle", re.compile(r"(?<![\w-])(?=[A-Z]*\d)(?=\d*[A-Z])[A-HJ-NPR-Z\d]{13}\d{4}(?![\w-])"), 0.8),
    _cued("ssn", r"SSN|social security|soc\.? sec\.?"),
    _cued("fax", r"fax(?:ed)?(?:\s+(?:to|at))?|telefax", 0.97),
    _cued(
        "phone",
        r"phone|telephone|tel\.?|mobile|cell(?:\s?phone)?|pager|contact|call(?:ed|ing)?(?:\s+\w+)? (?:at|on)",
        0.92,
    ),
    _cued(
        "mrn",
        r"MRN|M\.R\.N\.|MR ?#|medical[- ]?records?|med\.? rec\.?|(?:hospital|patient|pt\.?|chart|"
        r"record|case|unit|encounter|"
        r"visit|accession|specimen|hosp\.?|clinic)[ -]?(?:number|num|no\.?|nr|id|identifier|record|file|#)|"
        r"(?:chart|file|record) ?#|NHS|CHI|PID|URN|UHID|EMPI|EHR|EMR|(?:patient|pt)(?='?s? ?[#(])",
    ),
    _cued(
        "health_plan",
        r"insurance|insur\.?|insured|health ?plan|HPBN?|HBN|HPN|HMO|PPO|policy|member|membership|"
        r"subscriber|beneficiary|"
        r"medicare|medicaid|MBI|HICN|group (?=no|num|#|id)|payer|coverage|claim",
    ),
    _cued(
        "account",
        r"account|acct\.?|a/c|IBAN|credit card|debit card|card|billing|invoice|routing|sort code|bank|BIC|SWIFT",
    ),
    _cued(
        "licence",
        r"licen[cs]e|lic\.?|DEA|NPI|certificate|cert\.?|passport|driver'?s? lic\w*|(?<!/)DL|GMC|NMC|registration|reg\.",
    ),
    _cued(
        "vehicle",
        r"VIN|(?:licen[cs]e|number|vehicle|registration) plates?|plates?(?= ?(?:no|num|#|:))|vehicle|car reg\w*",
    ),
    _cued(
        "device",
        r"serial|S/N|SN(?=[ :#])|device|pacemaker|implant|ICD(?= (?:serial|no|num|id|#|S/N))|IMEI|"
        r"UDI|lot(?= (?:no|num|#))|"
        r"model(?= (?:no|num|#))|pump",
    ),
    _cued(
        "biometric", r"fingerprints?|voice ?prints?|retinal? scans?|iris scans?|palm ?prints?|face ?prints?|biometrics?"
    ),
    _cued(
        "unique_id",
        r"(?<![a-z])(?:ID|I\.D\.|identifier|ref(?:erence)?\.?|trial subject|subject|participant|study|site|"
        r"employee|badge|student|ticket|order|Rx|prescription|token|user(?:name)?|login|barcode|"
        r"UUID)",
    ),
    Pattern("phone", re.compile(_PHONE), 0.8),
    Pattern("phone", re.compile(_VANITY), 0.8, "-"),
    Pattern("phone", re.compile(r"(?<![\w+])\+\d{1,3}[\d ().-]{6,18}\d(?!\w)"), 0.85, "+", _long_enough),
    Pattern("phone", re.compile(r"(?<![\w.,/-])0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}(?![\w/-])"), 0.75, "0"),
    Pattern(
        "account", re.compile(r"(?<![\w.,/-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])"), 0.7
    ),
    Pattern(
        "account",
        re.compile(
            r"(?<![\w.,/-])(?:\d{12,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|3\d{3}[ -]\d{6}[ "
            r"-]\d{5})(?![\w-])"
        ),
        0.75,
    ),
    Pattern(
        "unique_id",
        re.compile(r"(?<![\w.,/-])#?[A-Z]{1,5}-?\d{2,}[-]?\d{3,}[A-Z]{0,3}(?![\w-])"),
        0.55,
        check=_is_number,
    ),
    Pattern("unique_id", re.compile(r"(?<![\w.,/-])#\s?[A-Z]{0,5}-?\d{4,}(?:-?\d+)*(?![\w-])"), 0.6, "#"),
    Pattern(
        "unique_id",
        re.compile(
            r"(?<![\w.,/$€£-])(?:\d{7,11}|\d{2,6}-\d{2,6}-\d{2,6}|\d{4,}-\d{3,}|\d{3,}-\d{4,}|"
            r"\d{5}-[A-Z]{2,4}|\d{5,}[A-Z]{1,3})(?![\w-]|[.,]\d|/)"
        ),
        0.5,
    ),
    Pattern(
        "unique_id", re.compile(r"(?<![\w-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])", re.I), 0.95, "-"
    ),
)
_BEFORE, _BEHIND = 90, 60
"""Characters around a number in which a word may stand that names it."""
_WITHOUT_NUMBER = frozenset({"email", "url", "photo", "ip"})
_NUMBER = re.compile(r"(?<![.,\d])(?!(?:19|20)\d\d(?![\w/-]))(?:\w{0,40}\d[-/ .()]{0,2}){3,}|\d[A-Z]\d|\d-[A-Z]", re.I)
_DIGITS = re.compile(r"\d+")
_WALK = 40
"""As far back from its digit a match begins, as _NUMBER says."""


_PUBLIC = re.compile(
    r"(?:NCT|PMC?|PMID|OMIM|MIM|ORPHA|ICD|CAS|DOI|RS|HGNC|ISBN|ISSN)[-:# ]*\d|(?:8(?:00|33|44|55|66|77|88))\b"
)
"""Registries that number trials, papers, diseases and substances, not people."""


def structured(text: str) -> Iterator[Found]:
    """Every identifier with a form but dates and ages."""
    windows = widened(text, _numbers(text), _BEFORE, _BEHIND)
    for pattern in PATTERNS:
        if pattern.needs and pattern.needs not in text:
            continue
        grouped = "v" in pattern.regex.groupindex
        for match in _matches(pattern, text, windows):
            start, end = match.span("v" if grouped else 0)
            value = text[start:end]
            if pattern.check is not None and not pattern.check(value):
                continue
            if pattern.kind == "unique_id" and pattern.score < 0.7 and _PUBLIC.match(value.lstrip("#")):
                continue
            yield Found(start, end, _of_context(text, start, pattern.kind), pattern.score)


def _matches(pattern: Pattern, text: str, windows: list[tuple[int, int]]) -> Iterator["re.Match[str]"]:
    if pattern.kind in _WITHOUT_NUMBER:
        yield from pattern.regex.finditer(text)
    else:
        for start, end in windows:
            yield from pattern.regex.finditer(text, start, end)


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    """What _NUMBER finds. Each match begins in a word with a digit, at or before the digit, so it is tried there only:
    to look for it everywhere takes a walk along each word from each of its letters."""
    done = 0
    for digits in _DIGITS.finditer(text):
        start, floor = digits.start(), max(done, digits.start() - _WALK)
        while start > floor and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        place = max(start, done)
        while place < digits.end():
            found = _NUMBER.match(text, place)
            if found:
                yield found.span()
            place = done = found.end() if found else place + 1


def around(text: str, needle: "re.Pattern[str]", before: int, behind: int) -> list[tuple[int, int]]:
    """Stretches of text around every match: only there an expression that cannot match without the needle is worth a
    try."""
    return widened(text, (match.span() for match in needle.finditer(text)), before, behind)


def widened(text: str, spans: Iterable[tuple[int, int]], before: int, behind: int) -> list[tuple[int, int]]:
    """Spans widened to white space, joined where they touch."""
    found: list[tuple[int, int]] = []
    for first, last in spans:
        if found and last + behind <= found[-1][1]:
            continue  # inside the last stretch already: a long text without a space is searched once
        start = text.rfind(" ", 0, max(0, first - before)) + 1
        end = text.find(" ", last + behind)
        end = len(text) if end < 0 else end
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


_FAX_BEFORE = re.compile(r"\bfax\b[^\d\n]{0,16}$", re.I)


def _of_context(text: str, start: int, kind: str) -> str:
    if kind == "phone" and _FAX_BEFORE.search(text[max(0, start - 24) : start]):
        return "fax"
    return kind
