"""Are the quotations verbatim, and do they cover what the summary claims?

- Every string stands in the source document, letter by letter; entities of XML may be resolved. What differs in case or
  spacing only has a name of its own. The summary is no source.
- Coverage: every number with its unit, date, medicine, organism and diagnosis of the summary that the document bears
  out stands in a quotation, too, and in one that the document holds. A claim that the document does not bear out has
  nothing that could be quoted: it is left out here, and shows as the claim without a quotation.
- A laboratory result is two strings: none holds name and value of one result, and no value is quoted without a name.
"""

import html
import re

from medtune.core.text import fold
from medtune.tasks.contracts.spec import count_units
from medtune.tasks.fidelity.claims import Claims
from medtune.tasks.fidelity.document import Lab, labs_of, readable, split_turn
from medtune.tasks.fidelity.findings import UNREADABLE, first
from medtune.tasks.result import Form, Problem, quoted
from medtune.tasks.task import Task


def compare(task: Task, form: Form, source: str, locale: str | None) -> tuple[Problem, ...]:
    """Findings in the order above."""
    del task, locale
    if not form.quotes:
        return (UNREADABLE,)
    document, summary = split_turn(source)
    return first(
        [
            *_verbatim(form.quotes, document),
            *_laboratory(form.quotes, labs_of(document)),
            *_coverage(form.quotes, document, summary),
        ]
    )


def _verbatim(quotes: tuple[str, ...], document: str) -> list[Problem]:
    problems = []
    read = readable(document)
    loose = fold(read)
    for quote in dict.fromkeys(quotes):
        if quote in document or quote in read or not count_units(quote):
            continue  # a string without a word is a matter of form
        near = bool(fold(quote)) and fold(quote) in loose
        name = "not_exact" if near else "not_verbatim"
        words = "it differs from the document in case or spacing" if near else "it stands nowhere in the document"
        problems.append(Problem(name, words, quoted(quote)))
    return problems


def _laboratory(quotes: tuple[str, ...], labs: tuple[Lab, ...]) -> list[Problem]:
    problems = []
    strings = {fold(quote) for quote in quotes}
    for quote in dict.fromkeys(quotes):
        plain = fold(quote)
        if any(_whole(plain, lab) for lab in labs):
            problems.append(Problem("lab_not_split", "name and value of a result stand in one string", quoted(quote)))
        names = {fold(lab.name) for lab in labs if fold(lab.value) == plain}
        if names and not names & strings:
            problems.append(Problem("lab_alone", "a result's value is quoted without its name", quoted(quote)))
    return problems


def _whole(plain: str, lab: Lab) -> bool:
    """Does a folded string hold name and value of one result as the laboratory wrote them? Prose of a note may."""
    between = r"\s*(?::|\"\s*value\s*=\s*\")\s*"
    return re.search(re.escape(fold(lab.name)) + between + re.escape(fold(lab.value)), plain) is not None


def _coverage(quotes: tuple[str, ...], document: str, summary: str) -> list[Problem]:
    claimed, given = Claims(summary), Claims(readable(document))
    loose = fold(readable(document))
    shown = Claims("\n".join(quote for quote in map(html.unescape, quotes) if fold(quote) in loose))
    problems = []
    for claim in (*claimed.numbers, *claimed.dates, *claimed.drugs, *claimed.organisms, *claimed.diagnoses):
        if given.holds(claim) and not shown.holds(claim):
            words = f"a {claim.kind} of the summary that no quotation covers"
            problems.append(Problem("uncovered", words, quoted(claim.text)))
    return problems
