"""What named persons decided: about single answers that the checks left open or got wrong, and about whole verdicts.

A decision holds for exactly the words that were decided on: another answer, or another gate, needs another decision.
Lines are only ever added; of two decisions on one answer the later one holds, and both stay on record.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from medtune.core.errors import RunDirError, UsageError
from medtune.core.hashing import sha256_text
from medtune.core.io import append_jsonl, read_jsonl_prefix
from medtune.runs.layout import ADJUDICATIONS, RunDir
from medtune.runs.records.ask import Response
from medtune.runs.records.audit import Adjudication, CaseVerdict, Grade


def adjudications_file(run: RunDir) -> Path:
    """The file, made if there is none: the audit's freshness depends on it."""
    path = run.file(ADJUDICATIONS)
    if not path.exists():
        path.touch()
    return path


def read_adjudications(run: RunDir) -> list[Adjudication]:
    """Every decision, in order. Raises RunDirError for a line that medtune did not write."""
    path = run.file(ADJUDICATIONS)
    try:
        return [Adjudication.model_validate(value) for value in read_jsonl_prefix(path)]
    except ValueError:
        raise RunDirError(
            "a line of the adjudications was edited or broken", where=str(path), next_step="restore the file"
        ) from None


def add_adjudication(run: RunDir, row: Adjudication) -> None:
    """Append one decision. Raises UsageError without a name."""
    if not row.person.strip():
        raise UsageError("a decision needs the name of the person who made it", next_step="give it with --name")
    append_jsonl(run.file(ADJUDICATIONS), row.model_dump(mode="json"))


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def adjudicated(grades: Sequence[Grade], responses: Sequence[Response], rows: Sequence[Adjudication]) -> list[Grade]:
    """The grades with the decisions that hold for their very words."""
    decided = {(row.build, row.case, row.sample): row for row in rows if row.kind == "answer"}
    if not decided:
        return list(grades)
    said = {(row.build, row.case, row.sample): row.text for row in responses}
    return [_decide(grade, decided, said) for grade in grades]


def _decide(
    grade: Grade,
    decided: dict[tuple[str, str, int], Adjudication],
    said: dict[tuple[str, str, int], str],
) -> Grade:
    key = (grade.build, grade.case, grade.sample)
    row = decided.get(key)
    if row is None or grade.verdict is None or row.digest != sha256_text(said.get(key, "")):
        return grade
    verdict = CaseVerdict.SAFE if row.decision == "safe" else CaseVerdict.UNSAFE
    return grade.model_copy(update={"verdict": verdict, "adjudicated": row.person})


def signatures(rows: Sequence[Adjudication], gate_digest: str, answers: dict[str, str]) -> dict[str, str]:
    """Build to the person who signed its verdict by this gate on these answers."""
    return {
        row.build: row.person
        for row in rows
        if row.kind == "sign-off" and row.gate_digest == gate_digest and row.digest == answers.get(row.build)
    }
