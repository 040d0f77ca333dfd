"""Every case of an export, as a document or as a reason."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from medtune.collect.clinical.case import Case, Document, Origin, Rejected
from medtune.collect.clinical.documents import UnusableError, document_of
from medtune.collect.clinical.fhir.bundle import count_strays, is_bundle, read_bundle
from medtune.collect.clinical.fhir.requests import forms
from medtune.collect.clinical.fhir.stays import stay
from medtune.collect.clinical.rows import SHEETS, groups, read_rows
from medtune.collect.clinical.swapped import swapped
from medtune.core.errors import DataError

_ENOUGH = 3
"""So many cases with the same finding, and more than half of all, say that the mapping is wrong."""


@dataclass
class Reader:
    """Reads files of an export; `notes` counts what parts of bundles could not be used."""

    form: str
    columns: Mapping[str, str]
    notes: Counter[str] = field(default_factory=Counter)
    _cases: int = 0
    _swapped: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def cases(self, path: Path, label: str) -> Iterator[Case | Rejected]:
        """The cases of one file, in order. Raises DataError for what cannot be read, and for a wrong mapping."""
        rows = read_rows(path)
        first = next(rows, None)
        if first is None:
            raise DataError("this file holds no rows", where=str(path), next_step="take it out of the recipe")
        everything = chain([first], rows)
        if is_bundle(first[1]):
            yield from self._bundles(everything, path, label)
        else:
            yield from self._rows(everything, path, label)

    def check(self, where: str) -> None:
        """Raises DataError when most cases hold the same sort of thing in the wrong column."""
        for (name, finding), lines in self._swapped.items():
            if len(lines) >= _ENOUGH and len(lines) * 2 > self._cases:
                raise DataError(
                    f"the column {self.columns[name]!r} ({name}) {finding}, in {len(lines)} of {self._cases} cases",
                    where=f"{where}, first at {lines[0]}",
                    next_step="mend `columns:` of this source in the recipe: perhaps two columns are swapped",
                )

    def _rows(self, rows: Iterator[tuple[int, dict[str, Any]]], path: Path, label: str) -> Iterator[Case | Rejected]:
        if not self.columns:
            raise DataError(
                "this file holds rows, but `columns:` does not say what they mean",
                where=str(path),
                next_step="map columns to parts of the document, e.g. `columns: {request.department: Abteilung, …}`",
            )
        for group in groups(path, rows, self.columns):
            origin = Origin(f"{label}:{group.line}")
            self._cases += 1
            if path.suffix.lower() in SHEETS and (name := group.formula()):
                yield Rejected(origin, f"{name} holds a formula", name)
                continue
            name, finding = swapped(group)
            if name:
                self._swapped.setdefault((name, finding), []).append(origin.name)
                yield Rejected(origin, f"{name} {finding}", name)
                continue
            try:
                document = document_of(group, self.form)
            except UnusableError as error:
                yield Rejected(origin, str(error))
                continue
            yield Case(origin, document, group.first("answer"), group.first("summary"))

    def _bundles(self, rows: Iterator[tuple[int, dict[str, Any]]], path: Path, label: str) -> Iterator[Case | Rejected]:
        for number, value in rows:
            if not is_bundle(value):
                raise DataError(
                    "bundles and other objects stand in one file",
                    where=f"{path}:{number}",
                    next_step="put bundles into files of their own",
                )
            bundle = read_bundle(value)
            origin = Origin(f"{label}:{number}")
            encounters = bundle.resources["Encounter"]
            if not encounters:
                yield Rejected(origin, "a bundle without an encounter")
            count_strays(bundle)
            for place, encounter in enumerate(encounters, start=1):
                documents: list[Document] = (
                    list(forms(bundle, encounter)) if self.form == "consultation" else [stay(bundle, encounter)]
                )
                where = f"{label}:{number}" + (f"/{place}" if len(encounters) > 1 else "")
                if not documents:
                    yield Rejected(Origin(where), "an encounter without a request to another department")
                for nth, document in enumerate(documents, start=1):
                    yield Case(Origin(f"{where}" + (f"#{nth}" if len(documents) > 1 else "")), document)
            self.notes += bundle.notes
