"""Does a document keep to the range table, and name nobody? Reads the document alone, however it came to be."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import cache

from medtune.collect.synthetic.facts import Facts, LabFact, Span, load_facts
from medtune.detect.phi.lists import load_lists
from medtune.tasks.forms import parse_consultation, parse_encounter

_NUMBER = r"\d+(?:\.\d+)?"
_FREQUENCIES = re.compile(
    r"(?:(?:once|twice|three times|four times) daily|every \d{1,2} hours|once|at bedtime|continuously"
    r"|over \d{1,2} (?:hours?|minutes)|by nasal cannula)?(?:(?:^|\s)as needed)?"
)
_NAME = re.compile(r"(?<![^\W_])[A-Z][a-z]+(?![^\W_])")
_ROUTES = re.compile(r"\s?(?:intravenously|subcutaneously|inhaled|intranasally)\s?")


def implausible(document: str) -> list[str]:
    """What lies outside: unknown quantities, other units or reference ranges, values, doses and frequencies."""
    facts = load_facts()
    if document.startswith("<encounter"):
        encounter = parse_encounter(document)
        labs = [(lab.name, lab.value, lab.range) for lab in encounter.labs]
        orders = [order.text for order in encounter.orders if order.kind == "medication"]
    else:
        form = parse_consultation(document)
        labs = [(lab.name, lab.value, lab.range) for lab in form.laboratory]
        orders = list(form.medication)
    return [*_labs(labs), *_vitals(document, facts), *_doses(document, facts), *_orders(orders)]


def people(text: str) -> list[str]:
    """Capitalised words that stand in a list of given or family names and are no word of medicine or of English."""
    return [word for word in _NAME.findall(text) if word.casefold() in _names()]


@cache
def _names() -> frozenset[str]:
    lists = load_lists()
    names = lists.given | lists.family | lists.foreign_given | lists.foreign_family
    return names - lists.words - lists.never - lists.eponyms


@cache
def _known_labs() -> dict[tuple[str, str], tuple[Span, str]]:
    """Plausible span and reference range of each name with its unit, conventional ones included."""
    known = {}
    for name, fact in load_facts().ranges.labs.items():
        known[name, fact.unit] = (Span(low=fact.low, high=fact.high), fact.reference)
        if fact.us:
            known[fact.us.name or name, fact.us.unit] = (_conventional(fact), fact.us.reference)
    return known


def _conventional(fact: LabFact) -> Span:
    assert fact.us is not None
    return Span(low=fact.low * fact.us.factor, high=fact.high * fact.us.factor)


def _labs(labs: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    for name, value, reference in labs:
        number, _, unit = value.partition(" ")
        span, wanted = _known_labs().get((name, unit), (None, ""))
        if span is None:
            yield f"{name}: no such quantity with the unit {unit!r}"
        elif reference != wanted:
            yield f"{name}: another reference range"
        elif not _inside(number, span):
            yield f"{name}: value"


def _inside(number: str, span: Span) -> bool:
    try:
        return span.low <= Decimal(number) <= span.high
    except InvalidOperation:
        return False


def _vitals(document: str, facts: Facts) -> Iterator[str]:
    vitals = facts.ranges.vitals
    pressure = re.compile(rf"blood pressure (?P<systolic>{_NUMBER})/(?P<diastolic>{_NUMBER}) mmHg")
    patterns = [pressure] + [
        re.compile(re.escape(fact.text).replace(r"\{\}", f"(?P<{name}>{_NUMBER})"))
        for name, fact in vitals.items()
        if name not in pressure.groupindex
    ]
    for match in (match for pattern in patterns for match in pattern.finditer(document)):
        for name, number in match.groupdict().items():
            if not _inside(number, Span(low=vitals[name].low, high=vitals[name].high)):
                yield f"{name}: value"
        both = match.groupdict()
        if "systolic" in both and Decimal(both["systolic"]) - Decimal(both["diastolic"]) < 20:
            yield "blood pressure: the two values are too near"


@cache
def _dose_pattern() -> re.Pattern[str]:
    names = sorted(load_facts().ranges.doses, key=len, reverse=True)
    return re.compile(
        rf"(?<![\w-])(?P<name>{'|'.join(map(re.escape, names))}) (?P<number>{_NUMBER})"
        r" (?P<unit>[A-Za-z]+(?:/[A-Za-z]+)?)"
    )


def _doses(document: str, facts: Facts) -> Iterator[str]:
    """Every dose of a known medicine, in prose as in lists."""
    for match in _dose_pattern().finditer(document):
        span = facts.ranges.doses[match["name"]].get(match["unit"])
        if span is None or not _inside(match["number"], span):
            yield f"{match['name']}: dose"


def _orders(orders: Iterable[str]) -> Iterator[str]:
    """Every order begins with a known medicine and its dose, and ends with how often it is given."""
    for order in orders:
        match = _dose_pattern().match(order)
        if match is None:
            yield f"{order.split()[0]}: no known medicine with a dose"
        elif not _FREQUENCIES.fullmatch(_ROUTES.sub("", order[match.end() :], count=1).strip()):
            yield f"{match['name']}: frequency"
