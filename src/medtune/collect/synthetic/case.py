"""One case: everything that its documents say, drawn from the facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from medtune.collect.synthetic.draw import Draw
from medtune.collect.synthetic.facts import Condition, Consult, Culture, Facts, Imaging, LabFact, Span

MEASURED_CULTURE = 0.75
"""Share of cases in which an organism is found, where the condition has some."""
REPLIED = 0.6
"""Share of consultations with a reply."""


@dataclass(frozen=True)
class Result:
    """One laboratory result; `value` holds number and unit."""

    name: str
    value: str
    reference: str
    day: int
    abnormal: bool


@dataclass(frozen=True)
class Vital:
    """One vital sign as it is written, in both languages."""

    text: str
    text_zh: str
    abnormal: bool


@dataclass(frozen=True)
class Finding:
    """A study with its result, or a culture with its organism."""

    study: str
    study_zh: str
    text: str
    text_zh: str
    culture: bool = False


@dataclass(frozen=True)
class Asked:
    """A consultation; empty replies are awaited."""

    department: str
    reason: str
    reason_zh: str
    question: str
    reply: str
    reply_zh: str


@dataclass(frozen=True)
class Case:
    """One patient."""

    condition: Condition
    full: bool
    person: str
    """Age and sex, `68-year-old man`."""
    complaint: str
    history: tuple[str, ...]
    vitals: tuple[Vital, ...]
    labs: tuple[Result, ...]
    later: tuple[Result, ...]
    """Results of a later day, nearer to usual."""
    findings: tuple[Finding, ...]
    drugs: tuple[str, ...]
    home_drugs: tuple[str, ...]
    procedures: tuple[str, ...]
    asked: Asked
    disposition: str
    later_vitals: str


def draw_case(facts: Facts, draw: Draw, *, full: bool, us: bool) -> Case:
    """A case; `full` has more of everything, `us` conventional units."""
    condition = draw.one(facts.conditions)
    consult = draw.one(condition.consults)
    history = _history(condition, consult, draw, full)
    culture = draw.one(condition.cultures) if condition.cultures and draw.chance(MEASURED_CULTURE) else None
    drugs = _drugs(condition, culture, draw, full)
    home = _without(_home(facts, history, draw), drugs)
    glucose = ("Glucose",) if any("diabetes" in name for name in history) else ()
    labs = _labs(facts, condition, draw, full=full, us=us, left_out=glucose)
    return Case(
        condition=condition,
        full=full,
        person=_person(condition, draw),
        complaint=draw.fill(draw.one(condition.complaints)),
        history=history,
        vitals=tuple(_vitals(facts, condition.vitals, draw, full)),
        labs=labs,
        later=tuple(_later(facts, condition, labs, draw, us=us, day=draw.whole(2, 4))) if full else (),
        findings=_findings(facts, condition, culture, draw, full=full),
        drugs=drugs,
        home_drugs=home,
        procedures=tuple(draw.fill(one) for one in draw.some(condition.procedures, 1)),
        asked=_asked(consult, draw),
        disposition=draw.fill(draw.one(condition.disposition or facts.dispositions), {"ward": condition.ward.lower()}),
        later_vitals=", ".join(vital.text for vital in _vitals(facts, {}, draw, False)),
    )


def drug_name(order: str) -> str:
    """The words of an order before its dose."""
    words = order.split()
    number = next((place for place, word in enumerate(words) if place and word[0].isdigit()), len(words))
    return " ".join(words[:number])


def _person(condition: Condition, draw: Draw) -> str:
    age = draw.value(condition.age, 0)
    return f"{age}-year-old {condition.sex or draw.one(('man', 'woman'))}"


def _history(condition: Condition, consult: Consult, draw: Draw, full: bool) -> tuple[str, ...]:
    forced = [consult.history] if consult.history else []
    rest = [name for name in condition.history if name not in forced]
    drawn = draw.some(rest, max(0, (2 if full else 1) - len(forced)))
    return (*forced, *drawn)


def _home(facts: Facts, history: Iterable[str], draw: Draw) -> list[str]:
    return [draw.fill(draw.one(facts.history[name])) for name in history if facts.history[name]]


def _drugs(condition: Condition, culture: Culture | None, draw: Draw, full: bool) -> tuple[str, ...]:
    """One order of each group; a found organism decides the first."""
    groups = list(condition.drugs)
    if culture:
        groups[: 0 if culture.adds else 1] = [culture.drugs]
    kept = groups if full else groups[: draw.whole(1, len(groups))]
    return _without([draw.fill(draw.one(group)) for group in kept], ())


def _without(orders: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Orders whose medicine none of the others, or of those before, is."""
    taken = {drug_name(order) for order in others}
    kept = []
    for order in orders:
        if (name := drug_name(order)) not in taken:
            taken.add(name)
            kept.append(order)
    return tuple(kept)


def _labs(
    facts: Facts, condition: Condition, draw: Draw, *, full: bool, us: bool, left_out: Iterable[str]
) -> tuple[Result, ...]:
    """Results of the condition, and (in a full case) usual ones of the panel."""
    names = list(condition.labs)
    shown = names if full else draw.some(names, 2, 2)
    results = [
        _result(name, facts.ranges.labs[name], draw.value(condition.labs[name], facts.ranges.labs[name].digits), us, 1)
        for name in shown
    ]
    others = [name for name in facts.panel if name not in {*condition.labs, *condition.skip, *left_out}]
    for name in draw.some(others, 3, 1) if full else draw.some(others, 1):
        fact = facts.ranges.labs[name]
        results.append(_result(name, fact, draw.value(fact.usual, fact.digits), us, 1))
    return tuple(results)


def _later(
    facts: Facts, condition: Condition, labs: Iterable[Result], draw: Draw, *, us: bool, day: int
) -> Iterable[Result]:
    """One or two of the abnormal results again, half way to usual."""
    shown = {one.name for one in labs}
    names = [name for name in condition.labs if _shown(name, facts, us) in shown and not facts.ranges.labs[name].slow]
    for name in draw.some(names, 2, 1):
        fact = facts.ranges.labs[name]
        ill = condition.labs[name]
        middle = (draw.value(fact.usual, fact.digits) + draw.value(ill, fact.digits)) / 2
        yield _result(name, fact, middle.quantize(Decimal(1).scaleb(-fact.digits)), us, day)


def _shown(name: str, facts: Facts, us: bool) -> str:
    own = facts.ranges.labs[name].us
    return own.name if us and own and own.name else name


def _result(name: str, fact: LabFact, value: Decimal, us: bool, day: int) -> Result:
    unit, reference = fact.unit, fact.reference
    if us and fact.us:
        name, unit, reference = fact.us.name or name, fact.us.unit, fact.us.reference
        value = (value * fact.us.factor).quantize(Decimal(1).scaleb(-fact.us.digits))
    low, _, high = reference.partition("-")
    abnormal = not Decimal(low) <= value <= Decimal(high)
    return Result(name, f"{value} {unit}".strip(), reference, day, abnormal)


_VITALS = (("temperature",), ("pulse",), ("systolic", "diastolic"), ("respiration",), ("oxygen",))


def _vitals(facts: Facts, changed: Mapping[str, Span], draw: Draw, full: bool) -> Iterable[Vital]:
    """Those that the condition changes, and usual ones; in a short case one or two in all."""
    own = [group for group in _VITALS if any(name in changed for name in group)]
    others = [group for group in _VITALS if group not in own]
    shown = list(_VITALS) if full else [*own[:2], *draw.some(others, max(0, 2 - len(own)))]
    for group in sorted(shown, key=_VITALS.index):
        texts = []
        for name in group:
            fact = facts.ranges.vitals[name]
            number = str(draw.value(changed.get(name, fact.usual), fact.digits))
            texts.append((fact.text.replace("{}", number), fact.text_zh.replace("{}", number)))
        yield Vital("".join(text for text, _ in texts), "".join(zh for _, zh in texts), group in own)


def _findings(
    facts: Facts, condition: Condition, culture: Culture | None, draw: Draw, *, full: bool
) -> tuple[Finding, ...]:
    shown: list[Imaging] = list(condition.imaging) if full else draw.some(condition.imaging, 1, 0 if culture else 1)
    zh = facts.studies_zh
    found = [
        Finding(one.study, zh[one.study], draw.fill(one.finding), draw.fill(one.finding_zh, choices=facts.choices_zh))
        for one in shown
    ]
    if culture:
        specimen = culture.specimen
        found.append(Finding(specimen, zh[specimen], culture.organism, culture.organism, culture=True))
    return tuple(found)


def _asked(consult: Consult, draw: Draw) -> Asked:
    reply, reply_zh = (draw.fill(text) for text in draw.one(consult.replies))
    replied = draw.chance(REPLIED)
    return Asked(
        department=consult.department,
        reason=consult.reason,
        reason_zh=consult.reason_zh,
        question=consult.question,
        reply=reply if replied else "",
        reply_zh=reply_zh if replied else "",
    )
