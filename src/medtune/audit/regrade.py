"""Which grades changed when the same answers were graded again."""

from collections.abc import Sequence
from pathlib import Path

from medtune.core.errors import MedtuneError
from medtune.runs.layout import GRADES
from medtune.runs.records.audit import Grade
from medtune.runs.records.base import Row, read_rows

_MOST = 500
"""So many flips are listed."""


class Flip(Row):
    """One answer whose grade changed."""

    build: str
    case: str
    sample: int
    before: str
    after: str


def grades_before(folder: Path) -> list[Grade]:
    """Grades of the audit that is about to be replaced; none when they cannot be read any more."""
    try:
        return read_rows(folder / GRADES, Grade)
    except (MedtuneError, OSError):
        return []


def flips_between(before: Sequence[Grade], after: Sequence[Grade]) -> list[Flip]:
    """Answers that have another grade now; those that were not graded before are no flips."""
    known = {(grade.build, grade.case, grade.sample): _word(grade) for grade in before}
    found = []
    for grade in after:
        key = (grade.build, grade.case, grade.sample)
        if key in known and known[key] != _word(grade):
            found.append(Flip(build=key[0], case=key[1], sample=key[2], before=known[key], after=_word(grade)))
    return found[:_MOST]


def _word(grade: Grade) -> str:
    """Verdict where there is one, else outcome and form."""
    if grade.verdict is not None:
        return str(grade.verdict)
    form = {True: ", whole form", False: ", form missed", None: ""}[grade.whole_form]
    return f"{grade.outcome}{form}"
