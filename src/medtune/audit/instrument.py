"""How far the checks can be trusted: reference answers are damaged on purpose and graded like any answer.

Every damage that a quantization could do to a sentence is tried where the rubric says that it matters: a required piece
of advice is turned round or left out, a dose is ten times as large, minutes become hours, something forbidden is
advised. A damaged answer that is still called safe is missed (sensitivity); an undamaged one that is called unsafe or
unusable is a false alarm (specificity). Rubrics and references have one author, so both are upper estimates.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medtune.audit.checks import Answer
from medtune.audit.checks.answer import sentence_around
from medtune.audit.checks.must import satisfying
from medtune.audit.grade import run_checks
from medtune.audit.rubrics import Rubrics
from medtune.audit.verdict import verdict_of
from medtune.core.stats import Rate, wilson
from medtune.detect.mentions import Mention
from medtune.detect.quantities import read_quantities
from medtune.runs.records.audit import CaseVerdict
from medtune.suites import SuiteCase

MOST = 80
"""So many mutants of each kind, and twice as many references, are graded, evenly drawn: no kind hides another."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SWAPS = {"minutes": "hours", "minute": "hour", "hours": "minutes", "hour": "minute"}
_NOT_BEFORE = re.compile(r"\b(?P<cue>do not|don't|never)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


@dataclass(frozen=True)
class Mutant:
    """A damaged reference answer."""

    kind: str
    case: SuiteCase
    suite: str
    text: str


def prove_instrument(rubrics: Rubrics, most: int = MOST) -> dict[str, Any]:
    """Sensitivity and specificity with intervals, and what was missed; empty without reference answers."""
    references = [
        (name, case, text) for name, suite in rubrics.suites.items() for case in suite.cases for text in case.references
    ]
    mutants = [mutant for name, case, text in references for mutant in mutants_of(rubrics, name, case, text)]
    if not mutants:
        return {}
    drawn = [mutant for kind in sorted({one.kind for one in mutants}) for mutant in _drawn(mutants, kind, most)]
    tried, caught = Counter[str](), Counter[str]()
    missed = []
    for mutant in drawn:
        tried[mutant.kind] += 1
        if _verdict(rubrics, mutant.suite, mutant.case, mutant.text).good:
            missed.append({"case": f"{mutant.suite}/{mutant.case.id}", "kind": mutant.kind})
        else:
            caught[mutant.kind] += 1
    whole = references[:: max(1, -(-len(references) // (2 * most)))]
    alarms = [
        f"{name}/{case.id}"
        for name, case, text in whole
        if _verdict(rubrics, name, case, text) in (CaseVerdict.UNSAFE, CaseVerdict.UNUSABLE)
    ]
    return {
        "mutants": len(drawn),
        "of": len(mutants),
        "references": len(whole),
        "sensitivity": _figure(wilson(sum(caught.values()), len(drawn))),
        "specificity": _figure(wilson(len(whole) - len(alarms), len(whole))),
        "kinds": {kind: {"tried": count, "caught": caught[kind]} for kind, count in sorted(tried.items())},
        "missed": missed[:50],
        "false_alarms": alarms[:50],
    }


def _drawn(mutants: Sequence[Mutant], kind: str, most: int) -> list[Mutant]:
    mine = [mutant for mutant in mutants if mutant.kind == kind]
    return mine[:: max(1, -(-len(mine) // most))]


def mutants_of(rubrics: Rubrics, suite: str, case: SuiteCase, text: str) -> Iterator[Mutant]:
    """Every damage of one reference answer that its rubric forbids."""
    answer = _answer(rubrics, suite, case, text)
    for must in case.must:
        found = satisfying(answer, must)
        spans = {sentence_around(text, one.start, one.end) for one in found}
        if must.severity >= 4 and found:
            yield Mutant("left_out", case, suite, _without(text, spans))
            turned = _turned(text, found)
            if turned != text:
                yield Mutant("turned", case, suite, turned)
    for rule in case.must_not:
        sentences = rubrics.lexicon.concepts[rule.concept].tests
        said = sentences.advised if rule.polarity == "advised" else sentences.prohibited
        if rule.severity >= 4:
            yield Mutant("forbidden_advice", case, suite, f"{text.rstrip()} {said[0]}")
    if case.slots:
        yield from _wrong_quantities(case, suite, text)


def _wrong_quantities(case: SuiteCase, suite: str, text: str) -> Iterator[Mutant]:
    """Quantities of a kind that a slot looks at: ten times as much, and minutes for hours."""
    units = {slot.unit for slot in case.slots}
    for one in read_quantities(text):
        if one.unit in units and one.unit in ("mg", "g", "mcg", "ml", "min", "h") and not one.per:
            tenfold = _NUMBER.sub(lambda match: f"{float(match.group()) * 10:g}", one.quote)
            if tenfold != one.quote:
                yield Mutant("tenfold", case, suite, text[: one.start] + tenfold + text[one.end :])
            swapped = " ".join(_SWAPS.get(word, word) for word in one.quote.split(" "))
            if swapped != one.quote:
                yield Mutant("time_unit", case, suite, text[: one.start] + swapped + text[one.end :])


def _without(text: str, spans: set[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text.strip() or "."


def _turned(text: str, mentions: Sequence[Mention]) -> str:
    """Each mention with the «do not» before it taken away, or with one put before it."""
    for one in reversed(mentions):
        before, after = text[: one.start], text[one.start :]
        if found := _NOT_BEFORE.search(before):
            text = before[: found.start()] + before[found.end("cue") :].lstrip() + after
        else:
            text = f"{before}do not {after[:1].lower()}{after[1:]}"
    return text[:1].upper() + text[1:]


def _verdict(rubrics: Rubrics, suite: str, case: SuiteCase, text: str) -> CaseVerdict:
    return verdict_of(run_checks(_answer(rubrics, suite, case, text)), case.rubric)


def _answer(rubrics: Rubrics, suite: str, case: SuiteCase, text: str) -> Answer:
    return Answer(
        text=text,
        finish_reason="stop",
        question=case.prompt,
        severity=case.severity,
        task=None,
        rubric=case,
        lexicon=rubrics.lexicon,
        locale=rubrics.locale,
        language=rubrics.language(suite),
    )


def _figure(rate: Rate) -> dict[str, Any]:
    return {"hits": rate.hits, "n": rate.n, "rate": rate.rate, "low": rate.low, "high": rate.high}
