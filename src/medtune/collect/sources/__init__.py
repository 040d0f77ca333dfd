"""The table of sources: a kind of the recipe and what reads it. A new source is one file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.collect.source import Desk, SourceInput
from medtune.collect.sources import cdc, files, hub, medquad, nhs, openfda, pubmed
from medtune.runs.records.collect import SourceFacts


@dataclass(frozen=True)
class SourceKind:
    """How one kind of source is read; both take its section of the recipe."""

    inputs: Callable[[Any, SourceInput], tuple[Path, ...]]
    """The files outside the run directory that would be read (and folders whose list of files counts)."""
    collect: Callable[[Any, SourceInput, Desk], SourceFacts]
    """Puts every record on the desk and says what the source is."""
    address: Callable[[Any], str | None] = lambda _: None
    """The network address that it asks; None when it only reads this machine."""
    terms: str = ""
    """What a user of its data must accept."""


SOURCES: dict[str, SourceKind] = {
    "cdc": SourceKind(cdc.inputs, cdc.collect, cdc.address, cdc.ORIGIN.terms),
    "files": SourceKind(files.inputs, files.collect),
    "hub": SourceKind(hub.inputs, hub.collect, hub.address, hub.TERMS),
    "medquad": SourceKind(medquad.inputs, medquad.collect),
    "nhs": SourceKind(nhs.inputs, nhs.collect, nhs.address, nhs.ORIGIN.terms),
    "openfda": SourceKind(openfda.inputs, openfda.collect, openfda.address, openfda.ORIGIN.terms),
    "pubmed": SourceKind(pubmed.inputs, pubmed.collect, pubmed.address, pubmed.ORIGIN.terms),
}
