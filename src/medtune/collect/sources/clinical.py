"""A site's own export as consultation forms or encounter documents. Never public: reports show no text."""

from collections.abc import Iterator
from pathlib import Path

from medtune.collect.clinical.case import Case, Rejected, complete
from medtune.collect.clinical.long import render, split_document
from medtune.collect.clinical.read import Reader
from medtune.collect.source import Desk, Origin, SourceInput, digest_of, last_changed, source_facts
from medtune.config.collect_clinical import ClinicalSource
from medtune.core.errors import DataError
from medtune.runs.records.collect import Record, SourceFacts
from medtune.tasks.forms import join_summary

SUFFIXES = (".csv", ".json", ".jsonl", ".parquet", ".xlsx")
_LISTED = 10
TOO_LONG = "a document longer than max_chars"
NO_ANSWER = "no answer"
NO_SUMMARY = "no summary to check"


def inputs(_: ClinicalSource, given: SourceInput) -> tuple[Path, ...]:
    """The files to read, and the folder that they lie in. Raises DataError."""
    path = _path(given)
    return (*([path] if path.is_dir() else []), *_files(path))


def collect(section: ClinicalSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Read every case; incomplete ones are counted by reason, too long ones are listed as well.

    Raises DataError naming file and line of what cannot be read, the column of a mapping that is wrong for most
    cases, and a source of which nothing is left.
    """
    path = _path(given)
    files = _files(path)
    reader = Reader(section.form, section.columns)
    long: list[str] = []
    for file in files:
        label = file.relative_to(path).as_posix() if path.is_dir() else file.name
        for case in reader.cases(file, label):
            if section.limit is not None and desk.kept >= section.limit:
                break
            _take(case, section, given.name, desk, long)
    reader.check(str(path))
    for text, count in sorted(reader.notes.items()):
        desk.warn(f"{count} times: {text}")
    _list(long, desk)
    if not desk.kept:
        reasons = ", ".join(f"{count} {reason}" for reason, count in desk.dropped.most_common(3))
        raise DataError(
            f"no case of this source gives a document ({reasons or 'it holds none'})",
            where=str(path),
            next_step="complete the export, or mend `columns:` of this source",
        )
    origin = Origin(kind="clinical", licence=section.licence, attribution="", url="", public=False)
    return source_facts(
        given.name,
        origin,
        desk,
        retrieved=last_changed(files),
        sha256=digest_of(path, files),
        documents=desk.kept,
    )


def _take(case: Case | Rejected, section: ClinicalSource, source: str, desk: Desk, long: list[str]) -> None:
    """Keep a case as a record (or several), or count why not."""
    if isinstance(case, Rejected):
        desk.drop(case.reason)
        return
    if reason := complete(case.document) or _missing(case, section):
        desk.drop(reason)
        return
    name = f"{source}/{case.origin.name}"
    texts = list(_documents(case, section))
    if not texts:
        long.append(case.origin.name)
        desk.drop(TOO_LONG)
    for number, text in enumerate(texts, start=1):
        desk.keep(
            Record(
                id=name if len(texts) == 1 else f"{name}/{number}",
                source=source,
                kind="qa",
                topic="",
                document=name,
                question=join_summary(text, case.summary) if section.own_task.endswith("validation") else text,
                answer=case.answer if section.targets == "required" else "",
                question_type=section.own_task,
                licence=section.licence,
            )
        )


def _missing(case: Case, section: ClinicalSource) -> str:
    if section.own_task.endswith("validation") and not case.summary:
        return NO_SUMMARY
    return NO_ANSWER if section.targets == "required" and not case.answer else ""


def _documents(case: Case, section: ClinicalSource) -> Iterator[str]:
    """The document as text, in parts where the recipe says so; nothing when it is too long."""
    text = render(case.document)
    if len(text) <= section.max_chars:
        yield text
    elif section.too_long == "split":
        yield from map(render, split_document(case.document, section.max_chars))


def _list(long: list[str], desk: Desk) -> None:
    """Name the cases that were too long."""
    for name in long[:_LISTED]:
        desk.warn(f"{name}: {TOO_LONG}")
    if len(long) > _LISTED:
        desk.warn(f"{len(long) - _LISTED} more: {TOO_LONG}")


def _path(given: SourceInput) -> Path:
    assert given.path is not None, "a `clinical` source always has a path"
    return given.path


def _files(path: Path) -> list[Path]:
    """The files that a path stands for. Raises DataError."""
    if not path.exists():
        raise DataError("file not found", where=str(path), next_step="check the path in the recipe")
    found = [path]
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")]
    found = sorted(file for file in found if file.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(
            f"no file of the kinds {', '.join(SUFFIXES)}", where=str(path), next_step="export to one of these"
        )
    return found
