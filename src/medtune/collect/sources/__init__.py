"""The table of sources: a kind of the recipe and what reads it. A new source is one file and one line here."""

from medtune.collect.source import SourceKind
from medtune.collect.sources import (
    cdc,
    clinical,
    clinical_notes,
    distill,
    files,
    first_aid,
    hub,
    medquad,
    nhs,
    openfda,
    pubmed,
    synthetic,
)

SOURCES: dict[str, SourceKind] = {
    "cdc": SourceKind(cdc.inputs, cdc.collect, cdc.address, cdc.ORIGIN.terms),
    "clinical": SourceKind(clinical.inputs, clinical.collect),
    "clinical_notes": SourceKind(clinical_notes.inputs, clinical_notes.collect),
    "files": SourceKind(files.inputs, files.collect),
    "first_aid": SourceKind(first_aid.inputs, first_aid.collect),
    "hub": SourceKind(hub.inputs, hub.collect, hub.address, hub.TERMS),
    "medquad": SourceKind(medquad.inputs, medquad.collect),
    "nhs": SourceKind(nhs.inputs, nhs.collect, nhs.address, nhs.ORIGIN.terms),
    "openfda": SourceKind(openfda.inputs, openfda.collect, openfda.address, openfda.ORIGIN.terms),
    "pubmed": SourceKind(pubmed.inputs, pubmed.collect, pubmed.address, pubmed.ORIGIN.terms),
    "synthetic": SourceKind(synthetic.inputs, synthetic.collect),
}
SOURCES["distill"] = distill.kind(dict(SOURCES))  # its prompts come from one of the others
