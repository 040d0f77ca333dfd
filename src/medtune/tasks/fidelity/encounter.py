"""Is a discharge summary borne out by the encounter?

- Numbers with units, dates, medicines and organisms of the paragraph stand in the document; a dose is one that it gives
  for that medicine.
- The first diagnosis is told: at least half of its content words.
- Consultations are told where there are some, by their departments, and none is told where there is none.
- The last sentence tells the disposition: at least half of its content words, or where the patient went when the
  document says little more.
"""

import re
from collections.abc import Sequence

from medtune.core.text import fold, sentences
from medtune.tasks.fidelity.claims import Claims, invented
from medtune.tasks.fidelity.document import encounter_of, readable
from medtune.tasks.fidelity.findings import UNREADABLE, first, name_invented, share, swapped_doses
from medtune.tasks.forms import Encounter
from medtune.tasks.result import Form, Problem, quoted
from medtune.tasks.task import Task

_HALF = 0.5
_CONSULTS = re.compile(
    r"\b(?:consult(?:s|ed|ant|ants|ation|ations|ing)?|(?:was |were )?(?:seen|reviewed|assessed) by (?:the )?\w+logy"
    r"|input from)\b"
)


def compare(task: Task, form: Form, source: str, locale: str | None) -> tuple[Problem, ...]:
    """Findings in the order above."""
    del task, locale
    answer = next(iter(form.parts.values()), "")
    if not answer:
        return (UNREADABLE,)
    said, given = Claims(answer), Claims(readable(source))
    return first(
        [
            *name_invented(invented(said, given), given),
            *swapped_doses(said, given),
            *(_parts(said, read) if (read := encounter_of(source)) else []),
        ]
    )


def _parts(said: Claims, read: Encounter) -> list[Problem]:
    return [
        *_diagnosis(said, next(iter(read.diagnoses), "")),
        *_consultations(said, [one.department for one in read.consultations]),
        *_disposition(said, read.disposition),
    ]


def _diagnosis(said: Claims, main: str) -> list[Problem]:
    if not main or share(main, said.text) >= _HALF:
        return []
    return [Problem("diagnosis_missing", "the first diagnosis is not told", quoted(main))]


def _consultations(said: Claims, departments: Sequence[str]) -> list[Problem]:
    if not departments:
        found = _CONSULTS.search(said.folded)
        words = "there was no consultation, and the answer tells of one"
        return [Problem("invented_consultation", words, found.group())] if found else []
    return [
        Problem("consultation_missing", "a consultation is not told", quoted(department))
        for department in dict.fromkeys(departments)
        if fold(department) not in said.folded
    ]


def _disposition(said: Claims, wanted: str) -> list[Problem]:
    if not wanted:
        return []
    told = sentences(said.text)
    if told and share(wanted, told[-1]) >= _HALF:
        return []
    if share(wanted, said.text) >= _HALF:
        return [Problem("disposition_not_last", "the disposition is not in the last sentence", quoted(told[-1]))]
    return [Problem("disposition_missing", "the disposition is not told", quoted(wanted))]
