"""The answers of a run that wait for a person, and what it takes to write down a decision."""

from dataclasses import dataclass
from pathlib import Path

from medtune.audit.adjudication import add_adjudication, now
from medtune.audit.registration import answers_digests
from medtune.core.errors import RunDirError, UsageError
from medtune.core.hashing import sha256_text
from medtune.runs.layout import GRADES, RESPONSES, VERDICTS, RunDir
from medtune.runs.records.ask import Response
from medtune.runs.records.audit import Adjudication, CaseVerdict, Grade, Outcome, Verdict
from medtune.runs.records.base import read_row_list, read_rows


@dataclass(frozen=True)
class Waiting:
    """One answer with what the checks found in it."""

    build: str
    case: str
    sample: int
    severity: int
    findings: tuple[tuple[str, str], ...]
    """Reason and quoted words."""
    text: str


def waiting(run: RunDir) -> list[Waiting]:
    """Answers whose verdict is `review`, the most severe first. Raises RunDirError before the audit."""
    texts = {(row.build, row.case, row.sample): row.text for row in _responses(run)}
    rows = [
        Waiting(
            build=grade.build,
            case=grade.case,
            sample=grade.sample,
            severity=grade.severity or 0,
            findings=tuple(
                (f"{one.check}: {one.reason}", one.span) for one in grade.checks if one.outcome is not Outcome.PASS
            ),
            text=texts.get((grade.build, grade.case, grade.sample), ""),
        )
        for grade in _grades(run)
        if grade.verdict is CaseVerdict.REVIEW
    ]
    return sorted(rows, key=lambda row: (-row.severity, row.build, row.case, row.sample))


def decide(run: RunDir, build: str, case: str, sample: int, *, decision: str, person: str, note: str) -> None:
    """Write down what a person says of one answer. Raises UsageError for an answer that there is not."""
    text = next(
        (row.text for row in _responses(run) if (row.build, row.case, row.sample) == (build, case, sample)), None
    )
    if text is None:
        raise UsageError(
            f"there is no answer of {build} to {case} (sample {sample})",
            where=str(run.path),
            next_step="`medtune adjudicate RUN` lists those that wait",
        )
    row = Adjudication.model_validate(
        {
            "time": now(),
            "kind": "answer",
            "person": person,
            "decision": decision,
            "build": build,
            "note": note,
            "case": case,
            "sample": sample,
            "digest": sha256_text(text),
        }
    )
    add_adjudication(run, row)


def sign(run: RunDir, build: str, *, person: str, note: str) -> None:
    """Write down that a person signs a build's verdict. Raises UsageError for a build that has none."""
    path = run.stage("audit") / VERDICTS
    verdicts = {row.build: row for row in read_row_list(path, Verdict)} if path.exists() else {}
    if build not in verdicts:
        known = ", ".join(verdicts) or "none: run the audit first"
        raise UsageError(f"no verdict of {build} can be signed", where=str(run.path), next_step=f"builds: {known}")
    row = Adjudication(
        time=now(),
        kind="sign-off",
        person=person,
        decision="signed",
        build=build,
        note=note,
        digest=answers_digests(_responses(run))[build],
        gate_digest=verdicts[build].gate_digest,
    )
    add_adjudication(run, row)


def _responses(run: RunDir) -> list[Response]:
    return read_rows(_file(run, "ask", RESPONSES), Response)


def _grades(run: RunDir) -> list[Grade]:
    return read_rows(_file(run, "audit", GRADES), Grade)


def _file(run: RunDir, stage: str, name: str) -> Path:
    path = run.stage(stage) / name
    if not path.exists():
        raise RunDirError(f"stage {stage} has not run here", where=str(run.path), next_step="run the recipe first")
    return path
