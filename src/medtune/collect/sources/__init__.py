"""The table of sources: a kind of the recipe and what reads it. A new source is one file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medtune.collect.source import Desk, SourceInput
from medtune.collect.sources import files, medquad, openfda, pubmed
from medtune.runs.records.collect import SourceFacts


@dataclass(frozen=True)
class SourceKind:
    """How one kind of source is read; both take its section of the recipe."""

    inputs: Callable[[Any, SourceInput], tuple[Path, ...]]
    """The files outside the run directory that would be read (and folders whose list of files counts)."""
    collect: Callable[[Any, SourceInput, Desk], SourceFacts]
    """Puts every record on the desk and says what the source is."""
    network: bool = False
    """True when it asks the address in its section."""
    terms: str = ""
    """What a user of its data must accept."""


SOURCES: dict[str, SourceKind] = {
    "files": SourceKind(files.inputs, files.collect),
    "medquad": SourceKind(medquad.inputs, medquad.collect),
    "openfda": SourceKind(openfda.inputs, openfda.collect, network=True, terms=openfda.ORIGIN.terms),
    "pubmed": SourceKind(pubmed.inputs, pubmed.collect, network=True, terms=pubmed.ORIGIN.terms),
}
