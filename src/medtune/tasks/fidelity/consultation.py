"""Is a consultation's summary borne out by its form?

- Numbers with units, dates, medicines and organisms of the answer stand in the form; a dose is one that the form gives
  for that medicine; how often it is taken stands there in the same words.
- The answer names the department of the Request section and gives its reason: at least half of the reason's content
  words. What other sections say of departments and reasons does not count.
- Every medicine of the Medication section is named as it is written.
- An empty Reply is said to be awaited, and only then; a reply that is there is told: at least three in ten of those
  content words that no other section has.
- In another language names, doses, units and frequencies stay as they are: translations that the task lists are found,
  unless the form itself writes them so. Reason and reply are compared there by the medicines, organisms and numbers
  that they name, and as far as they are Chinese by pairs of characters, in the same shares as words.
"""

import re
from collections.abc import Sequence

from medtune.core.text import fold
from medtune.tasks.contracts.spec import mostly_han
from medtune.tasks.fidelity.claims import Claim, Claims, invented
from medtune.tasks.fidelity.document import consultation_of
from medtune.tasks.fidelity.findings import FREQUENCY, UNREADABLE, first, han_share, name_invented, share, swapped_doses
from medtune.tasks.forms import Consultation
from medtune.tasks.result import Form, Problem, quoted
from medtune.tasks.task import Task

_REASON_SHARE = 0.5
_REPLY_SHARE = 0.3
_NAME_ENDS = re.compile(r"\s+(?=[\d(])|,|:|\s(?:tablet|capsule|injection|inhaler|cream|patch)\b", re.IGNORECASE)


def compare(task: Task, form: Form, source: str, locale: str | None) -> tuple[Problem, ...]:
    """Findings in the order above."""
    del locale
    answer = next(reversed(form.parts.values()), "")
    if not answer:
        return (UNREADABLE,)
    said, given = Claims(answer), Claims(source)
    form_read = consultation_of(source)
    return first(
        [
            *name_invented(invented(said, given), given),
            *swapped_doses(said, given),
            *_frequencies(said, given),
            *_translated(task, said, given),
            *(_sections(task, said, form_read) if form_read else []),
        ]
    )


def _frequencies(said: Claims, given: Claims) -> list[Problem]:
    return [
        Problem("frequency", "the document does not say how often in these words", match.group())
        for match in FREQUENCY.finditer(said.folded)
        if re.search(rf"(?<![a-z]){re.escape(match.group())}(?![a-z])", given.folded) is None
    ]


def _translated(task: Task, said: Claims, given: Claims) -> list[Problem]:
    return [
        Problem("translated", "a name, unit or frequency that is to stay as it was", quoted(word))
        for word in task.fidelity.translated
        if fold(word) in said.folded and fold(word) not in given.folded
    ]


def _sections(task: Task, said: Claims, read: Consultation) -> list[Problem]:
    return [
        *_department(task, said, read.request.department),
        *_reason(task, said, read.request.reason),
        *_medication(said, read.medication),
        *_reply(task, said, read),
    ]


def _department(task: Task, said: Claims, department: str) -> list[Problem]:
    groups = [{fold(name), *map(fold, own)} for name, own in task.fidelity.departments.items()]
    asked = fold(department)
    names = {asked}.union(*(group for group in groups if asked in group))
    text = said.folded
    for other in sorted(
        set().union(*groups) - names, key=lambda name: (-len(name), name)
    ):  # «internal medicine» is no part of «kidney medicine»
        if any(name in other for name in names):
            text = text.replace(other, " ")
    unknown = len(names) == 1 and not mostly_han(asked)
    if any(name in text for name in names) or (_other_language(task) and unknown):
        return []
    return [Problem("department", "the department of the Request section is not named", quoted(department))]


def _reason(task: Task, said: Claims, reason: str) -> list[Problem]:
    if _other_language(task):
        missing = _untold(reason, said) or ([] if han_share(reason, said.text) >= _REASON_SHARE else [reason])
    else:
        missing = [] if share(reason, said.text) >= _REASON_SHARE else [reason]
    words = "the reason of the Request section is not given"
    return [Problem("reason", words, quoted(missing[0]))] if missing else []


def _medication(said: Claims, medicines: Sequence[str]) -> list[Problem]:
    problems = []
    for item in medicines:
        name = fold(_NAME_ENDS.split(item, maxsplit=1)[0])
        drugs = Claims(item).drugs
        if name in said.folded or (drugs and all(said.holds(drug) for drug in drugs)):
            continue
        words = "a medicine of the form is not named as it is written"
        problems.append(Problem("medication_missing", words, quoted(name)))
    return problems


def _reply(task: Task, said: Claims, read: Consultation) -> list[Problem]:
    reply = read.reply
    awaited = next((words for words in task.fidelity.awaiting if fold(words) in said.folded), "")
    if not reply:
        return [] if awaited else [Problem("awaiting_missing", "there is no reply, and the answer does not say so")]
    if awaited:
        return [Problem("awaiting_wrong", "there is a reply, and the answer says that it is awaited", quoted(awaited))]
    if _other_language(task):
        told = len(_untold(reply, said)) < len(_names(reply)) or not _names(reply)
        told = told and han_share(reply, said.text, without=_rest(read)) >= _REPLY_SHARE
    else:
        told = share(reply, said.text, without=_rest(read)) >= _REPLY_SHARE
    return [] if told else [Problem("reply_missing", "the reply is not told")]


def _rest(read: Consultation) -> str:
    """Everything but the reply."""
    laboratory = (f"{lab.name} {lab.value}" for lab in read.laboratory)
    request = (read.request.department, read.request.sender, read.request.reason, read.request.question)
    return "\n".join((*request, read.background, *read.medication, *laboratory, read.findings))


def _names(text: str) -> list[Claim]:
    claims = Claims(text)
    return [*claims.drugs, *claims.organisms, *claims.numbers]


def _untold(text: str, said: Claims) -> list[str]:
    """Medicines, organisms and numbers of a section that the answer does not hold."""
    return [claim.text for claim in _names(text) if not said.holds(claim)]


def _other_language(task: Task) -> bool:
    return task.language.partition("-")[0] != "en"
