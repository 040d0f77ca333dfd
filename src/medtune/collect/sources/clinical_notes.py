"""Open sets of simulated visits that medtune brings: a dialogue in, the clinician's note out."""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

from medtune.collect.source import Desk, Origin, SourceInput, source_facts
from medtune.config.collect_clinical import ClinicalNotesSource
from medtune.core.hashing import digest_json, sha256_file
from medtune.runs.records.collect import Record, SourceFacts

LICENCE = "CC BY 4.0"
BUNDLED_FACTS = "clinical_notes.json"


@dataclass(frozen=True)
class NoteSet:
    """One set and how its authors want to be named."""

    title: str
    url: str
    attribution: str

    @property
    def file(self) -> str:
        """Its file in medtune's data."""
        return f"{self.title.lower()}.jsonl.xz"


SETS = {
    "mts-dialog": NoteSet(
        "MTS-Dialog",
        "https://github.com/abachaa/MTS-Dialog",
        "Asma Ben Abacha, Wen-wai Yim, Yadan Fan, Thomas Lin, An Empirical Study of Clinical Note Generation from "
        "Doctor-Patient Encounters, EACL 2023",
    ),
    "aci-bench": NoteSet(
        "ACI-Bench",
        "https://github.com/wyim/aci-bench",
        "Wen-wai Yim, Yujuan Fu, Asma Ben Abacha, Neal Snider, Thomas Lin, Meliha Yetisgen, ACI-BENCH: a Novel Ambient "
        "Clinical Intelligence Dataset for Benchmarking Automatic Visit Note Generation, Scientific Data 10 (2023)",
    ),
    "primock57": NoteSet(
        "PriMock57",
        "https://github.com/babylonhealth/primock57",
        "Alex Papadopoulos Korfiatis, Francesco Moramarco, Radmila Sarac, Aleksandar Savkov, PriMock57: A Dataset Of "
        "Primary Care Mock Consultations, ACL 2022",
    ),
}
"""Name in a recipe to set."""


def bundled_folder() -> Path:
    """Where the sets lie."""
    return Path(str(package_files("medtune"))) / "data" / "clinical_notes"


def inputs(section: ClinicalNotesSource, _: SourceInput) -> tuple[Path, ...]:
    """The files of the sets."""
    return tuple(bundled_folder() / SETS[name].file for name in section.sets)


def collect(section: ClinicalNotesSource, given: SourceInput, desk: Desk) -> SourceFacts:
    """Every visit of the sets as a question (what was said) with its answer (the note)."""
    for name in section.sets:
        for number, row in enumerate(_rows(bundled_folder() / SETS[name].file)):
            if section.limit is not None and number >= section.limit:
                break
            desk.keep(_record(row, name, given.name))
    paths = inputs(section, given)
    facts = json.loads((bundled_folder() / BUNDLED_FACTS).read_text(encoding="utf-8"))
    origin = Origin(
        kind="clinical_notes",
        licence=LICENCE,
        attribution="; ".join(f"{SETS[name].title}: {SETS[name].attribution}" for name in section.sets),
        url=" ".join(SETS[name].url for name in section.sets),
        public=True,
    )
    return source_facts(
        given.name,
        origin,
        desk,
        retrieved=max(str(facts[name]["retrieved"]) for name in section.sets),
        sha256=digest_json([sha256_file(path) for path in paths]),
        documents=desk.kept,
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _record(row: dict[str, str], name: str, source: str) -> Record:
    identity = f"{source}/{name}/{row['id']}"
    return Record(
        id=identity,
        source=source,
        kind="qa",
        topic="",
        document=identity,
        question=row["dialogue"],
        answer=row["note"],
        question_type=row["section"],
        url=SETS[name].url,
        licence=LICENCE,
    )
