"""Pack the open sets of simulated visits that medtune brings: what was said, and the note that was made of it.

    python scripts/bundle_clinical_notes.py DATA --retrieved YYYY-MM-DD [--out src/medtune/data/clinical_notes]

DATA holds `mts_dialog/MTS-Dialog-TrainingSet.csv`, `aci_bench/train.json` and `primock57/` (`notes.jsonl`,
`transcripts_textgrid.tar.gz`), each of the commit named below. Only training parts are packed; the same DATA gives the
same bytes. Prints what was packed; fails when it is more than 600 KB.
"""

import argparse
import csv
import io
import json
import lzma
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from medtune.collect.sources.clinical_notes import BUNDLED_FACTS, SETS, bundled_folder
from medtune.core.hashing import sha256_bytes

MOST_BYTES = 600_000
COMMITS = {
    "mts-dialog": "3ff0801933608d6f570468c13125125fb5cabdea",
    "aci-bench": "b909b2bb9cf1d19de08df15cddde7bd0179665e4",
    "primock57": "cd2ac707ad03cb4d2531f4ec6b90c659bf4357c5",
}
PARTS = {
    "mts-dialog": "the training set",
    "aci-bench": "the training set of the challenge data",
    "primock57": "all consultations",
}
CHANGES = {
    "mts-dialog": "the name of the note's section stands before the dialogue",
    "aci-bench": "the marks [doctor] and [patient] read `Doctor:` and `Patient:`",
    "primock57": "the two speakers' transcripts were merged by time, and marks of unclear speech left out",
}
SECTIONS = {
    "FAM/SOCHX": "Family and social history", "GENHX": "History of present illness", "PASTMEDICALHX":
    "Past medical history", "CC": "Chief complaint", "PASTSURGICAL": "Past surgical history", "ALLERGY": "Allergies",
    "ROS": "Review of systems", "MEDICATIONS": "Medications", "ASSESSMENT": "Assessment", "EXAM": "Examination",
    "DIAGNOSIS": "Diagnosis", "DISPOSITION": "Disposition", "PLAN": "Plan", "EDCOURSE": "Emergency department course",
    "IMMUNIZATIONS": "Immunizations", "IMAGING": "Imaging", "GYNHX": "Gynecologic history", "PROCEDURES": "Procedures",
    "OTHER_HISTORY": "Other history", "LABS": "Laboratory",
}  # fmt: skip
_INTERVAL = re.compile(r"xmin = ([\d.]+)\s+xmax = [\d.]+\s+text = \"((?:[^\"]|\"\")*)\"")
_MARK = re.compile(r"</?[A-Z_]+/?>")
ATTRIBUTION = """\
# Attribution

Three sets of simulated visits; no patient is in them. Each is published under Creative Commons Attribution 4.0
International (CC BY 4.0), <https://creativecommons.org/licenses/by/4.0/>. Retrieved {retrieved}. Neither the authors
nor their institutions endorse medtune.
"""


def main() -> None:
    """Read, pack, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the three sets")
    parser.add_argument("--retrieved", required=True, help="date on which they were fetched, YYYY-MM-DD")
    parser.add_argument("--out", type=Path, default=bundled_folder(), help="folder to write")
    arguments = parser.parse_args()
    readers = {"mts-dialog": read_mts, "aci-bench": read_aci, "primock57": read_primock}
    packed, facts = {}, {}
    for name, read in readers.items():
        rows = list(read(arguments.data))
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        packed[name] = lzma.compress(text.encode(), check=lzma.CHECK_SHA256, preset=9 | lzma.PRESET_EXTREME)
        facts[name] = {
            "commit": COMMITS[name],
            "retrieved": arguments.retrieved,
            "rows": len(rows),
            "sha256": sha256_bytes(packed[name]),
            "size_bytes": len(packed[name]),
        }
    print(json.dumps(facts, indent=2))
    if (size := sum(map(len, packed.values()))) > MOST_BYTES:
        sys.exit(f"the sets have {size} bytes, more than {MOST_BYTES}: leave a part out")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, data in packed.items():
        (arguments.out / SETS[name].file).write_bytes(data)
    (arguments.out / BUNDLED_FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    (arguments.out / "ATTRIBUTION.md").write_text(_attribution(arguments.retrieved, facts), encoding="utf-8")


def read_mts(data: Path) -> Iterator[dict[str, str]]:
    """Dialogues with the section of the note that was made of each."""
    text = (data / "mts_dialog" / "MTS-Dialog-TrainingSet.csv").read_text(encoding="utf-8-sig")
    for row in csv.DictReader(io.StringIO(text, newline="")):
        section = SECTIONS[row["section_header"]]
        dialogue = _plain(row["dialogue"])
        yield {
            "id": row["ID"],
            "section": section,
            "dialogue": f"Section: {section}\n\n{dialogue}",
            "note": _plain(row["section_text"]),
        }


def read_aci(data: Path) -> Iterator[dict[str, str]]:
    """Whole visits with whole notes."""
    for row in json.loads((data / "aci_bench" / "train.json").read_text(encoding="utf-8"))["data"]:
        dialogue = _plain(row["src"]).replace("[doctor]", "Doctor:").replace("[patient]", "Patient:")
        yield {"id": row["file"], "section": "", "dialogue": dialogue, "note": _plain(row["tgt"])}


def read_primock(data: Path) -> Iterator[dict[str, str]]:
    """Mock consultations of general practice with their notes."""
    folder = data / "primock57"
    with tarfile.open(folder / "transcripts_textgrid.tar.gz", "r:gz") as archive:
        grids = {
            Path(member.name).stem: stream.read().decode("utf-8")
            for member in archive
            if member.isreg() and (stream := archive.extractfile(member)) is not None
        }
    for line in (folder / "notes.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        name = f"day{row['day']}_consultation{row['consultation']:02d}"
        said = sorted(
            (start, speaker, text)
            for speaker in ("Doctor", "Patient")
            for start, text in _intervals(grids[f"{name}_{speaker.lower()}"])
        )
        dialogue = "\n".join(f"{speaker}: {text}" for _, speaker, text in said)
        yield {"id": name, "section": "", "dialogue": dialogue, "note": _plain(row["note"])}


def _intervals(grid: str) -> Iterator[tuple[float, str]]:
    for start, text in _INTERVAL.findall(grid):
        if plain := " ".join(_MARK.sub(" ", text).replace('""', '"').split()):
            yield float(start), plain


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()


def _attribution(retrieved: str, facts: dict[str, dict[str, object]]) -> str:
    parts = [ATTRIBUTION.format(retrieved=retrieved)]
    for name, kind in SETS.items():
        parts.append(
            f"\n## `{kind.file}`: {kind.title}\n\n- Source: <{kind.url}>, commit `{COMMITS[name]}`\n"
            f"- Authors and paper: {kind.attribution}\n"
            f"- Packed: {PARTS[name]}, {facts[name]['rows']} rows\n"
            f"- Changes: {CHANGES[name]}; white space at the ends of lines was removed\n"
        )
    return "".join(parts)


if __name__ == "__main__":
    main()
