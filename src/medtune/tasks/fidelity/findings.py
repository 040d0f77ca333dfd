"""What the comparisons share: naming what is invented, doses that belong to another medicine, words in common."""

import re
from collections.abc import Iterable, Sequence

from medtune.core.text import fold
from medtune.tasks.fidelity.claims import Claim, Claims
from medtune.tasks.fidelity.names import drugs_in, listed
from medtune.tasks.result import Problem, quoted

MOST = 12
"""So many findings of one answer are listed; one is enough for it not to be faithful."""

UNREADABLE = Problem("unreadable", "the form could not be read, so nothing could be compared")

_BREAK = re.compile(r"[\n;。；<]|\.(?=\s|$)")
_REACH = 80
"""A dose further behind a medicine is not read as its own (characters)."""
_DOSE = re.compile(
    r"(?<![a-z0-9.,])\d+(?:[.,]\d+)?\s?(?:mcg|μg|ug|micrograms?|mg|milligrams?|g|grams?|units?|iu|meq|ml|%)(?![a-z/])"
)
FREQUENCY = re.compile(
    r"(?<![a-z])(?:(?:once|twice|thrice|(?:two|three|four|five|six) times)"
    r" (?:daily|a day|per day|weekly|a week|nightly)"
    r"|every (?:other day|morning|night|evening|\d+(?:-\d+)? (?:hours?|days?|weeks?)|(?:four|six|eight|twelve) hours)"
    r"|at bedtime|at night|as needed|b\.?i\.?d\.?|t\.?i\.?d\.?|q\.?i\.?d\.?|q\s?\d{1,2}\s?h|qd|qod|qhs|prn|tds|qds|stat"
    r"|(?<=\d mg )daily|(?<=\d mcg )daily|(?<=\d units )daily)(?![a-z])"
)
"""How often a medicine is taken, as prescriptions write it, in folded text."""

_WORD = re.compile(r"[a-z][a-z'-]{3,}")
_HAN_PAIR = re.compile(r"(?=([\u3400-\u9fff\uf900-\ufaff]{2}))")


def name_invented(claims: Iterable[Claim], source: Claims) -> list[Problem]:
    """One problem for each claim that the source does not bear out."""
    return [_invented(claim, source) for claim in claims]


def _invented(claim: Claim, source: Claims) -> Problem:
    if claim.kind == "number" and source.unit_fits(claim) is False:
        return Problem("unit", "the document has this number with another unit", quoted(claim.text))
    return Problem(claim.kind, f"this {claim.kind} stands nowhere in the document", quoted(claim.text))


def swapped_doses(answer: Claims, source: Claims) -> list[Problem]:
    """Medicines whose first dose in the answer is none that the source gives for them, where it gives any."""
    problems = []
    theirs = _doses(source)
    for drug, doses in _doses(answer).items():
        own = theirs.get(drug)
        for dose in sorted(doses - own) if own else ():
            words = f"the document gives {drug} in another dose"
            problems.append(Problem("dose", words, quoted(f"{drug} {' '.join(dose)}")))
    return problems


def _doses(claims: Claims) -> dict[str, set[tuple[str, str]]]:
    """Each medicine with every first dose that follows it before the next medicine, line or sentence."""
    plain = _lines(claims.text)
    places = list(drugs_in(plain).items())
    found: dict[str, set[tuple[str, str]]] = {}
    for number, (start, name) in enumerate(places):
        begin = start + len(name)
        end = min(begin + _REACH, places[number + 1][0] if number + 1 < len(places) else len(plain))
        if stop := _BREAK.search(plain, begin, end):
            end = stop.start()
        dose = _DOSE.search(plain, begin, end)
        if dose is None or ("," in plain[begin : dose.start()] and _in_a_row(plain, places, number)):
            continue
        for claim in Claims(dose.group()).numbers[:1]:
            found.setdefault(name, set()).add((claim.value, claim.unit))
    return found


def _in_a_row(plain: str, places: Sequence[tuple[int, str]], number: int) -> bool:
    """«Salbutamol and prednisolone, 5 mg and 50 mg»: whose dose the first one is cannot be told."""
    if number == 0:
        return False
    start, name = places[number - 1]
    return plain[start + len(name) : places[number][0]].strip() in ("and", ",", "or")


def _lines(text: str) -> str:
    """Folded line by line, so that a list's lines stay apart."""
    return "\n".join(fold(line) for line in text.split("\n"))


def content_words(text: str) -> frozenset[str]:
    """Folded words of four letters and more that mean something, without a plural's ending."""
    return frozenset(
        word.removesuffix("s") if not word.endswith("ss") else word
        for word in _WORD.findall(fold(text))
        if word not in listed("stopwords")
    )


def share(wanted: str, text: str, without: str = "") -> float:
    """Which share (0 to 1) of the content words of `wanted` stands in a text; 1 when there are none.

    Words of `without` do not count, unless nothing else is left.
    """
    words = content_words(wanted)
    words = (words - content_words(without)) or words
    return len(words & content_words(text)) / len(words) if words else 1.0


def han_share(wanted: str, text: str, without: str = "") -> float:
    """`share` for Chinese, by pairs of neighbouring characters; 1 when there are none."""
    pairs = _pairs(wanted)
    pairs = (pairs - _pairs(without)) or pairs
    return len(pairs & _pairs(text)) / len(pairs) if pairs else 1.0


def _pairs(text: str) -> frozenset[str]:
    return frozenset(match.group(1) for match in _HAN_PAIR.finditer(fold(text)))


def first(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The first of them, each once."""
    return tuple(dict.fromkeys(problems))[:MOST]
