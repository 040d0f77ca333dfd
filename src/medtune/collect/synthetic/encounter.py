"""A case as an encounter document, and the one paragraph that sums it up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from medtune.collect.synthetic.case import Asked, Case, Result
from medtune.collect.synthetic.consultation import Summary
from medtune.collect.synthetic.draw import Draw
from medtune.collect.synthetic.facts import EncounterWording, Facts
from medtune.collect.synthetic.told import lower_first, written
from medtune.tasks.forms import ConsultationNote, DayLab, Encounter, Note, Order, render_encounter

_ItemT = TypeVar("_ItemT")
CONSULTED = 0.55
"""Share of stays with a consultation."""


@dataclass(frozen=True)
class Stay:
    """A stay as its document tells it."""

    case: Case
    asked: Asked | None
    document: str


def stay_of(case: Case, facts: Facts, draw: Draw) -> Stay:
    """The case with its document; a short one shows two results, since XML takes many tokens."""
    case = case if case.full else replace(case, labs=case.labs[:2])
    asked = case.asked if draw.chance(CONSULTED) else None
    return Stay(case, asked, render_encounter(_encounter(case, asked, facts, draw)))


def full_summary(stay: Stay, facts: Facts, draw: Draw) -> Summary:
    """One paragraph with everything that a summary must hold, and its quotes."""
    return _summary(stay, facts.wording.encounter, draw, list(_parts(stay, draw, share=1.0)))


def short_summary(stay: Stay, facts: Facts, draw: Draw) -> Summary:
    """A paragraph that leaves some of it out, to be checked."""
    return _summary(stay, facts.wording.encounter, draw, list(_parts(stay, draw, share=0.6)))


@dataclass(frozen=True)
class _Part:
    """One sentence: which wording, what fills it, and what bears it out."""

    kind: str
    values: dict[str, str]
    quotes: tuple[str, ...]


def _encounter(case: Case, asked: Asked | None, facts: Facts, draw: Draw) -> Encounter:
    later = {result.day for result in case.later}
    return Encounter(
        diagnoses=(case.condition.name, *(name[:1].upper() + name[1:] for name in case.history)),
        labs=tuple(
            DayLab(result.name, result.value, result.reference, result.day) for result in (*case.labs, *case.later)
        ),
        orders=tuple(_orders(case)),
        notes=tuple(_notes(case, facts, draw, max(later, default=2))),
        consultations=(ConsultationNote(asked.department, _advice(asked, facts), 2),) if asked else (),
        disposition=case.disposition,
    )


def _orders(case: Case) -> Iterator[Order]:
    for drug in (*case.drugs, *(case.home_drugs if case.full else ())):
        yield Order("medication", drug, 1)
    for finding in case.findings:
        if not finding.culture:
            yield Order("imaging", finding.study, 1)
    for procedure in case.procedures:
        yield Order("procedure", procedure, 2)


def _notes(case: Case, facts: Facts, draw: Draw, day: int) -> Iterator[Note]:
    vitals = ", ".join(vital.text for vital in case.vitals)
    found = " ".join(f"{written(finding)}." for finding in case.findings)
    yield Note("admission", f"{_person(case)}. Vital signs: {vitals}. {found}".strip(), 1)
    if case.full:
        progress = draw.fill(draw.one(facts.notes.progress), {"vitals": case.later_vitals})
        yield Note("progress", progress, day)
        yield Note("nursing", draw.fill(draw.one(facts.notes.nursing)), day)


def _person(case: Case) -> str:
    return f"{case.person} with {case.complaint}"


def _about(asked: Asked) -> str:
    return f"Asked about {asked.reason}."


def _advice(asked: Asked, facts: Facts) -> str:
    return f"{_about(asked)} {asked.reply or facts.notes.pending}"


def _parts(stay: Stay, draw: Draw, share: float) -> Iterator[_Part]:
    """The sentences in order; `share` is how many of the details are kept."""
    case = stay.case
    article = "An" if case.person.startswith(("8", "18-", "11-")) else "A"
    yield _Part(
        "lead",
        {
            "article": article,
            "article_lower": article.lower(),
            "person": case.person,
            "complaint": case.complaint,
            "condition": lower_first(case.condition.name),
        },
        (_person(case), case.condition.name),
    )
    yield from _examinations(case, draw, share)
    yield from _treatment(case, draw, share)
    if stay.asked:
        yield _consultation(stay.asked)


def _examinations(case: Case, draw: Draw, share: float) -> Iterator[_Part]:
    abnormal = [result for result in case.labs if result.abnormal] or list(case.labs)
    for kind, results in (("results", abnormal), ("later", list(case.later))):
        if kept := _kept(results, draw, share):
            yield _labs(kind, kept)
    for finding in _kept(case.findings, draw, share):
        kind = "culture" if finding.culture else "imaging"
        yield _Part(kind, {"study": finding.study, "finding": finding.text}, (written(finding),))


def _labs(kind: str, results: Sequence[Result]) -> _Part:
    listed = _listed([f"{result.name} {result.value}" for result in results])
    return _Part(kind, {"labs": listed}, tuple(text for result in results for text in (result.name, result.value)))


def _treatment(case: Case, draw: Draw, share: float) -> Iterator[_Part]:
    for kind, orders in (("treatment", case.drugs), ("procedure", case.procedures)):
        if kept := _kept(orders, draw, share):
            yield _Part(kind, {"orders": _listed(kept)}, tuple(kept))


def _consultation(asked: Asked) -> _Part:
    values = {"department": asked.department, "reason": asked.reason, "reply": asked.reply}
    if asked.reply:
        return _Part("replied", values, (asked.department, asked.reason, asked.reply))
    return _Part("awaited", values, (asked.department, asked.reason, "reply awaited at discharge"))


def _kept(items: Sequence[_ItemT], draw: Draw, share: float) -> list[_ItemT]:
    return list(items) if share >= 1 else [item for item in items if draw.chance(share)]


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _summary(stay: Stay, wording: EncounterWording, draw: Draw, parts: Sequence[_Part]) -> Summary:
    said = [draw.fill(draw.one(getattr(wording, part.kind)), part.values) for part in parts]
    disposition = stay.case.disposition
    quotes = [*(quote for part in parts for quote in part.quotes), disposition]
    return Summary(" ".join([*said, f"{disposition}."]), list(dict.fromkeys(quotes)))
