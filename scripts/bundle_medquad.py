"""Make medtune's own part of MedQuAD: every document that fills four parts, and a seeded draw of the others.

    python scripts/bundle_medquad.py DATA --commit SHA --retrieved YYYY-MM-DD [--out src/medtune/data/medquad]

DATA is a folder of MedQuAD's XML or an archive of it. Documents are packed as they are, byte for byte; the same DATA
and options give the same archive. Prints what was packed; fails when the archive is larger than 3 MB.
"""

import argparse
import io
import json
import lzma
import sys
import tarfile
from collections import Counter, defaultdict
from pathlib import Path

from medtune.collect.source import Desk, SourceInput
from medtune.collect.sources import medquad
from medtune.collect.sources.medquad_xml import DocumentError, parse_document
from medtune.config.collect import MedquadSource
from medtune.core.hashing import sha256_bytes, sha256_text
from medtune.core.text import fold
from medtune.prepare.convert.prose import Vocabulary
from medtune.prepare.convert.terms import assemble
from medtune.prepare.split import read_topics
from medtune.prepare.steps.clean import clean_record
from medtune.runs.records.collect import Record

ROOT = Path(__file__).resolve().parent.parent
HELDOUT = ROOT / "src" / "medtune" / "data" / "heldout_topics.txt"
OUT = ROOT / "src" / "medtune" / "data" / "medquad"
MOST_BYTES = 3_000_000
OTHERS = 600
SEED = 816
SENTENCES_PER_PART = 2
# Positions matter little in prose and neighbouring letters much: smaller than the preset alone.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "pb": 0, "lc": 4, "lp": 0}]

ATTRIBUTION = """\
# Attribution

`{archive}` holds documents of **MedQuAD, the Medical Question Answering Dataset**, by Asma Ben Abacha and
Dina Demner-Fushman (U.S. National Library of Medicine).

- Source: <{url}>, commit `{commit}`, retrieved {retrieved}
- Paper: A. Ben Abacha and D. Demner-Fushman, *A Question-Entailment Approach to Question Answering*,
  BMC Bioinformatics 20, 511 (2019), <https://doi.org/10.1186/s12859-019-3119-4>
- Licence: Creative Commons Attribution 4.0 International (CC BY 4.0), <https://creativecommons.org/licenses/by/4.0/>
- Changes: a selection. {documents} of its documents are packed, each byte for byte as it was published:
  {four_part} that fill the four parts of medtune's terminology task, and {others} others drawn with seed {seed}.
  medtune reads them, rearranges whole sentences into training rows and leaves others out; it adds no medical words.

Its texts come from websites of the U.S. National Institutes of Health and the Centers for Disease Control and
Prevention. They are general information of the time at which they were collected, not medical advice, and neither
the authors nor these institutes endorse medtune.
"""


def main() -> None:
    """Read, choose, pack, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder or archive of MedQuAD XML")
    parser.add_argument("--commit", required=True, help="commit of the MedQuAD repository that DATA comes from")
    parser.add_argument("--retrieved", required=True, help="date on which it was fetched, YYYY-MM-DD")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write")
    arguments = parser.parse_args()
    raw = dict(medquad.raw_documents(arguments.data))
    four_part, answered = _classify(arguments.data, raw)
    others = _draw(sorted(answered - four_part))
    packed = sorted(four_part | others)
    archive = _pack({name: raw[name] for name in packed})
    facts = {
        "repository": medquad.URL,
        "commit": arguments.commit,
        "retrieved": arguments.retrieved,
        "seed": SEED,
        "documents": len(packed),
        "four_part_documents": len(four_part),
        "other_documents": len(others),
        "collections": dict(sorted(Counter(name.split("/")[0] for name in packed).items())),
        "size_bytes": len(archive),
        "sha256": sha256_bytes(archive),
    }
    print(json.dumps(facts, indent=2))
    if len(archive) > MOST_BYTES:
        sys.exit(f"the archive has {len(archive)} bytes, more than {MOST_BYTES}: lower OTHERS")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / medquad.BUNDLED).write_bytes(archive)
    (arguments.out / medquad.BUNDLED_FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    text = ATTRIBUTION.format(
        archive=medquad.BUNDLED, url=medquad.URL, four_part=len(four_part), others=len(others), **_plain(facts)
    )
    (arguments.out / "ATTRIBUTION.md").write_text(text, encoding="utf-8")


def _plain(facts: dict[str, object]) -> dict[str, object]:
    return {key: facts[key] for key in ("commit", "retrieved", "documents", "seed")}


def _classify(data: Path, raw: dict[str, bytes]) -> tuple[set[str], set[str]]:
    """File names of the documents that fill four parts (held-out topics always count), and of those with an answer."""
    found: list[Record] = []
    desk = Desk(put=found.append, raw=data.with_name("unused"))
    medquad.collect(MedquadSource(kind="medquad"), SourceInput(data, "medquad"), desk)
    cleaned = (clean_record(record, "medquad", mend=False) for record in sorted(found, key=lambda record: record.id))
    records = [record for record in cleaned if isinstance(record, Record)]
    vocabulary = Vocabulary(record.answer for record in records)
    by_document = defaultdict(list)
    for record in records:
        by_document[record.document].append(record)
    heldout = read_topics(HELDOUT)
    names = _file_names(raw)
    four_part = {
        names[document]
        for document, rows in by_document.items()
        if fold(rows[0].topic) in heldout or assemble(rows, SENTENCES_PER_PART, vocabulary) is not None
    }
    return four_part, {names[document] for document in by_document}


def _file_names(raw: dict[str, bytes]) -> dict[str, str]:
    """File name of each document name that collect gives."""
    found = []
    for name in sorted(raw):
        try:
            found.append((name, parse_document(raw[name])))
        except DocumentError:
            continue
    documents = medquad.document_names([document for _, document in found], "medquad")
    return dict(zip(documents, (name for name, _ in found), strict=True))


def _draw(names: list[str]) -> set[str]:
    """Other documents, a seeded draw; each collection gives in proportion to what it has."""
    return set(sorted(names, key=lambda name: sha256_text(f"{SEED}:{name}"))[:OTHERS])


def _pack(documents: dict[str, bytes]) -> bytes:
    """A .tar.xz without times, owners or modes: the same documents give the same bytes."""
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(documents.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(data))
    return lzma.compress(tape.getvalue(), format=lzma.FORMAT_XZ, check=lzma.CHECK_SHA256, filters=FILTERS)


if __name__ == "__main__":
    main()
