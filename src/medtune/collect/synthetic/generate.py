"""Question and answer of a task for one case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from medtune.collect.synthetic.case import Case, draw_case
from medtune.collect.synthetic.consultation import consultation_form, plain_summary, reasoned_summary
from medtune.collect.synthetic.draw import Draw
from medtune.collect.synthetic.encounter import full_summary, short_summary, stay_of
from medtune.collect.synthetic.facts import Facts, load_facts
from medtune.core.hashing import sha256_text
from medtune.tasks.forms import join_summary, render_evidence

FULL_SHARE = 0.4
"""Share of full cases where sizes are mixed."""


@dataclass(frozen=True)
class Made:
    """One case as a row of a task."""

    number: int
    """The number of its draw, from 1."""
    topic: str
    document: str
    question: str
    """The user turn: the document, and the summary to check where the task has one."""
    answer: str


def generate(task: str, cases: int, seed: int, *, size: str, us: bool) -> Iterator[Made]:
    """Distinct cases in a seeded order: the first ones are the same however many are asked for.

    A draw whose document was made before is left out and another one drawn. The same seed gives all tasks the same
    patients. `size`: `short`, `full` or `mixed`.
    """
    facts = load_facts()
    write = WRITERS[task]
    seen: set[str] = set()
    number = 0
    while len(seen) < cases:
        number += 1
        draw = Draw(f"{seed}:{number}")
        full = size == "full" or (size == "mixed" and draw.chance(FULL_SHARE))
        case = draw_case(facts, draw, full=full, us=us)
        document, question, answer = write(case, facts, draw)
        digest = sha256_text(document)
        if digest not in seen:
            seen.add(digest)
            yield Made(number, case.condition.name, document, question, answer)


def _consult_summary(language: str) -> Callable[[Case, Facts, Draw], tuple[str, str, str]]:
    def write(case: Case, facts: Facts, draw: Draw) -> tuple[str, str, str]:
        form = consultation_form(case)
        return form, form, reasoned_summary(case, facts, draw, language)

    return write


def _consult_validation(case: Case, facts: Facts, draw: Draw) -> tuple[str, str, str]:
    form = consultation_form(case)
    summary = plain_summary(case, facts, draw)
    return form, join_summary(form, summary.text), render_evidence(summary.quotes)


def _discharge_summary(case: Case, facts: Facts, draw: Draw) -> tuple[str, str, str]:
    stay = stay_of(case, facts, draw)
    return stay.document, stay.document, full_summary(stay, facts, draw).text


def _discharge_validation(case: Case, facts: Facts, draw: Draw) -> tuple[str, str, str]:
    stay = stay_of(case, facts, draw)
    summary = short_summary(stay, facts, draw)
    return stay.document, join_summary(stay.document, summary.text), render_evidence(summary.quotes)


WRITERS: dict[str, Callable[[Case, Facts, Draw], tuple[str, str, str]]] = {
    "consult-summary": _consult_summary("en"),
    "consult-summary/zh-Hant": _consult_summary("zh-Hant"),
    "consult-validation": _consult_validation,
    "discharge-summary": _discharge_summary,
    "discharge-validation": _discharge_validation,
}
"""Task to what makes document, question and answer of a case."""
