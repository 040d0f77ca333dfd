"""MedQuAD (Ben Abacha and Demner-Fushman, 2019): the bundled part, a folder of its XML, or an archive of it."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files as package_files
from pathlib import Path

from medtune.collect.source import Desk, Origin, SourceInput, digest_of, last_changed, source_facts
from medtune.collect.sources.medquad_xml import Document, DocumentError, Pair, parse_document
from medtune.config.collect import MedquadSource
from medtune.core.archive import ARCHIVE_SUFFIXES, is_archive, members
from medtune.core.errors import DataError
from medtune.runs.records.collect import Record, SourceFacts

LICENCE = "CC BY 4.0"
ATTRIBUTION = (
    "MedQuAD: Asma Ben Abacha and Dina Demner-Fushman, A Question-Entailment Approach to Question Answering, "
    "BMC Bioinformatics 20, 511 (2019)"
)
URL = "https://github.com/abachaa/MedQuAD"
ORIGIN = Origin(
    kind="medquad",
    licence=LICENCE,
    attribution=ATTRIBUTION,
    url=URL,
    public=True,
    terms="CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/): name the authors and the licence, and say what "
    "was changed. Answers of sources that reserve their rights are not part of MedQuAD.",
)
BUNDLED = "medquad.tar.xz"
BUNDLED_FACTS = "medquad.json"
_NAMED_IN_WARNINGS = 10


def bundled_folder() -> Path:
    """The folder of medtune's own part of MedQuAD."""
    return Path(str(package_files("medtune"))) / "data" / "medquad"


def inputs(_: MedquadSource, given: SourceInput) -> tuple[Path, ...]:
    """The files to read, and the folder that they lie in. Raises DataError."""
    path = given.path or bundled_folder() / BUNDLED
    if path.is_dir():
        return (path, *_xml_files(path))
    if not path.is_file():
        raise DataError("no such file or folder", where=str(path), next_step="check the path in the recipe")
    if not is_archive(path):
        raise DataError(
            "neither a folder nor a known archive",
            where=str(path),
            next_step=f"give a folder of MedQuAD XML, or one of {', '.join(ARCHIVE_SUFFIXES)}",
        )
    return (path,)


def collect(section: MedquadSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Read documents in sorted order; pairs without an answer and unreadable documents are counted.

    Raises DataError when the path is unusable or no pair has an answer.
    """
    path = given.path or bundled_folder() / BUNDLED
    files = [file for file in inputs(section, given) if file.is_file()]
    found: list[tuple[str, Document]] = []
    bad: list[tuple[str, str]] = []
    for name, data in raw_documents(path):
        try:
            found.append((name, parse_document(data)))
        except DocumentError as error:
            bad.append((name, str(error)))
    found = sorted(found, key=lambda item: item[0])[: section.limit]
    for name, reason in bad:
        desk.drop(reason, f"{given.name}/{name}")
    names = document_names([document for _, document in found], given.name)
    for name, (_, document) in zip(names, found, strict=True):
        _put(document, name, given.name, desk)
    if not desk.kept:
        raise DataError(
            f"no question with an answer in {len(found)} documents ({len(bad)} unreadable)",
            where=str(path),
            next_step="name the folder or archive that holds MedQuAD's XML documents",
        )
    _warn(desk, bad, found)
    return source_facts(
        given.name,
        ORIGIN,
        desk,
        retrieved=last_changed(files) if given.path else _bundle_date(),
        sha256=digest_of(path, files),
        documents=len(found),
    )


def _xml_files(folder: Path) -> list[Path]:
    found = [file for file in folder.rglob("*") if file.suffix.lower() == ".xml" and file.is_file()]
    if not found:
        raise DataError("this folder holds no XML file", where=str(folder), next_step="name MedQuAD's folder")
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def raw_documents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name (relative, with slashes) and bytes of each XML file of a folder or archive."""
    if path.is_dir():
        for file in _xml_files(path):
            yield file.relative_to(path).as_posix(), file.read_bytes()
    else:
        yield from members(path, ".xml")


def document_names(documents: list[Document], source: str) -> list[str]:
    """A name for each document. MedQuAD gives some ids to several documents: the later ones get a suffix."""
    taken: Counter[str] = Counter()
    names = []
    for document in documents:
        name = f"{source}/{document.source or 'unknown'}/{document.id or 'unknown'}"
        taken[name] += 1
        names.append(name if taken[name] == 1 else f"{name}~{taken[name]}")
    return names


def _put(document: Document, name: str, source: str, desk: Desk) -> None:
    """Records of one document; a pair without question or answer is counted."""
    for number, pair in enumerate(document.pairs, start=1):
        if not pair.answer or not pair.question:
            desk.drop("no question" if pair.answer else "no answer", _pair_id(name, pair, number))
        else:
            desk.keep(_record(document, pair, name, number, source))


def _pair_id(name: str, pair: Pair, number: int) -> str:
    """A pair's id is its document's name and its own number: `0000100-1` stands as `…/0000100/1`."""
    return f"{name}/{pair.id.rpartition('-')[2] or number}"


def _record(document: Document, pair: Pair, name: str, number: int, source: str) -> Record:
    return Record(
        id=_pair_id(name, pair, number),
        source=source,
        kind="qa",
        topic=document.topic,
        document=name,
        question=pair.question,
        answer=pair.answer,
        question_type=pair.question_type,
        url=document.url,
        licence=LICENCE,
    )


def _bundle_date() -> str:
    facts = json.loads((bundled_folder() / BUNDLED_FACTS).read_text(encoding="utf-8"))
    return str(facts["retrieved"]) if "retrieved" in facts else datetime.now(UTC).date().isoformat()


def _warn(desk: Desk, bad: list[tuple[str, str]], found: list[tuple[str, Document]]) -> None:
    """What was unusual, with the names of documents and never their text."""
    for name, reason in sorted(bad)[:_NAMED_IN_WARNINGS]:
        desk.warn(f"{name}: {reason}")
    if len(bad) > _NAMED_IN_WARNINGS:
        desk.warn(f"{len(bad) - _NAMED_IN_WARNINGS} more documents could not be read")
    empty = sum(not document.pairs for _, document in found)
    if empty:
        desk.warn(f"{empty} documents hold no question")
