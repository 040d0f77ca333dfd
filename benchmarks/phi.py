"""How well identifiers are found, and what is wrongly taken for one.

    python benchmarks/phi.py queries FILE.txt          # blocks ===QUERY=== text ===PHI_TAGS=== JSON lines
    python benchmarks/phi.py presidio FILE.json        # Presidio's synthetic sentences
    python benchmarks/phi.py clean FILE.jsonl          # field `text`, no identifiers in it: false alarms, time
    python benchmarks/phi.py eponyms                   # diseases named after people, and people named like diseases
    python benchmarks/phi.py measured FILE.txt FILE.json > src/medtune/data/phi/measured.json   # what cards say of it

An identifier counts as found when at least half of its characters are covered; names and places by a span of that kind.
`--rules` leaves the sequence model out. Clinical false alarms that are real names in the text count as false here.
"""

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from medtune.core.stats import clopper_pearson
from medtune.detect.phi import DEFAULT, RULES, STRUCTURED, Found, Recognizer, find_phi
from medtune.detect.phi.lists import load_lists

Labelled = tuple[str, list[tuple[int, int, str]]]
GROUPS = {
    "NAME": "name",
    "PERSON": "name",
    "GEOGRAPHIC_LOCATION": "place",
    "GPE": "presidio place",
    "STREET_ADDRESS": "presidio place",
    "ZIP_CODE": "presidio place",
    "ORGANIZATION": "not phi",
    "TITLE": "not phi",
    "AGE": "age under 90",
    "NRP": "not phi",
}
"""Labels that are neither structured nor a name of a person under Safe Harbor are reported apart."""

CARD_ROWS = {
    "group name": "names",
    "names of one word": "names of one word",
    "group place": "places",
    "label STREET_ADDRESS": "street addresses",
    "structured, without bare years": "numbers, full dates and net addresses",
}
"""Figures that cards show, and what they call them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["queries", "presidio", "clean", "eponyms", "measured"])
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--rules", action="store_true", help="rules and lists only")
    options = parser.parse_args()
    recognizers = RULES if options.rules else DEFAULT
    figures: Any
    if options.what == "eponyms":
        figures = eponyms(recognizers)
    elif options.what == "clean":
        figures = clean(options.files[0], recognizers)
    elif options.what == "measured":
        figures = measured(*options.files, recognizers)
    else:
        figures = recall({"queries": queries, "presidio": presidio}[options.what](options.files[0]), recognizers)
    print(json.dumps(figures, indent=2, ensure_ascii=False))


def queries(file: Path) -> Iterator[Labelled]:
    for block in file.read_text(encoding="utf-8").split("===QUERY===")[1:]:
        text, tags = (part.strip() for part in block.split("===PHI_TAGS==="))
        spans, after = [], Counter[str]()
        for line in tags.splitlines():
            tag = json.loads(line)
            value = tag["value"]
            start = text.find(value, after[value])
            start = text.find(value) if start < 0 else start
            if start >= 0:
                after[value] = start + 1
                spans.append((start, start + len(value), tag["identifier_type"]))
        yield text, spans


def presidio(file: Path) -> Iterator[Labelled]:
    for row in json.loads(file.read_text(encoding="utf-8")):
        yield row["full_text"], [(s["start_position"], s["end_position"], s["entity_type"]) for s in row["spans"]]


def recall(rows: Iterable[Labelled], recognizers: tuple[Recognizer, ...]) -> dict[str, Any]:
    """Recall a label, a group and a sort of name; false names a thousand words."""
    total, hit, false, words = Counter[str](), Counter[str](), 0, 0
    for text, gold in rows:
        found = find_phi(text, recognizers)
        words += len(text.split())
        for start, end, label in gold:
            caught = _covered(start, end, label, found)
            for key in _keys(text[start:end], label):
                total[key] += 1
                hit[key] += caught
        people = [span for span in gold if GROUPS.get(span[2]) == "name"]
        false += sum(
            one.kind == "name" and not any(one.start < end and start < one.end for start, end, _ in people)
            for one in found
        )
    return {
        "recall": {
            key: {"n": count, "found": hit[key], "recall": round(hit[key] / count, 4)}
            for key, count in sorted(total.items())
        },
        "words": words,
        "false_names_per_1000_words": round(1000 * false / max(1, words), 3),
    }


def _covered(start: int, end: int, label: str, found: tuple[Found, ...]) -> bool:
    kind = GROUPS.get(label)
    mine = [one for one in found if kind not in {"name", "place"} or one.kind == kind]
    return 2 * sum(max(0, min(end, one.end) - max(start, one.start)) for one in mine) >= end - start


def _keys(value: str, label: str) -> list[str]:
    group = GROUPS.get(label, "structured")
    if label == "DATE_TIME" and re.fullmatch(r"(?:19|20)\d\d", value):
        return [f"label {label}: bare year", "group structured"]
    keys = [f"label {label}", f"group {group}"]
    if group == "structured":
        keys.append("structured, without bare years")
    if group == "name":
        if value.islower():
            keys.append("names in lower case")
        if len(value.split()) == 1:
            keys.append("names of one word")
        if re.search(r"[^\W\d_]", value) and not re.search(r"[A-Za-z]", value):
            keys.append("names in other scripts")
    return keys


def measured(query_file: Path, presidio_file: Path, recognizers: tuple[Recognizer, ...]) -> list[dict[str, Any]]:
    """What slips through, for model cards and data cards: shares with their upper 95 % bounds."""
    rows = []
    for name, labelled in (
        ("clinical queries, synthetic", queries(query_file)),
        ("Presidio's synthetic sentences", presidio(presidio_file)),
    ):
        figures = recall(labelled, recognizers)["recall"]
        for key, what in CARD_ROWS.items():
            if key in figures:
                n, found = figures[key]["n"], figures[key]["found"]
                high = clopper_pearson(n - found, n).high
                rows.append({"set": name, "what": what, "n": n, "found": found, "missed": round((n - found) / n, 4),
                             "high": round(high, 4)})  # fmt: skip
    return rows


def clean(file: Path, recognizers: tuple[Recognizer, ...]) -> dict[str, Any]:
    """Spans a thousand words of text that holds no identifier, and milliseconds a row."""
    texts = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    find_phi("warm up", recognizers)
    kinds, words, began = Counter[str](), 0, time.process_time()
    for text in texts:
        words += len(text.split())
        kinds.update(one.kind for one in find_phi(text, recognizers))
    seconds = time.process_time() - began
    rate = {kind: round(1000 * count / max(1, words), 4) for kind, count in sorted(kinds.items())}
    return {
        "rows": len(texts),
        "words": words,
        "cpu_ms_per_row": round(1000 * seconds / max(1, len(texts)), 3),
        "per_1000_words": rate,
        "structured_per_1000_words": round(sum(rate.get(kind, 0.0) for kind in STRUCTURED), 4),
    }


def bank(words: str) -> list[str]:
    """A list of words, written as a line."""
    return words.split()


LISTED = bank(
    "Addison Alport Babinski Barrett Behcet Brugada Burkitt Charcot Chiari Colles Crohn Cushing "
    "Dupuytren Duchenne Ewing Fabry "
    "Fanconi Foley Gaucher Gilbert Graves Hashimoto Hirschsprung Hodgkin Holter Horner Huntington "
    "Kaposi Kawasaki Klinefelter "
    "Krabbe Lynch Marfan Meniere Noonan Paget Parkinson Peyronie Raynaud Rett Romberg Sjogren "
    "Tourette Turner Usher Wegener "
    "Wernicke Whipple Wilms Wilson"
)
UNLISTED = bank(
    "Abernethy Albrecht Bamberger Cantrell Dieulafoy Erdheim Fitzgerald Gorlin Haglund Ingram "
    "Jarvis Kienbock Legg Madelung "
    "Naegele Ollier Poncet Quincke Rasmussen Sandifer Takayasu Unna Volkmann Warburg Yesudian "
    "Zenker Mazabraud Perthes "
    "Kohler Freiberg Sinding Larsen Baastrup Ledderhose Forestier Scheuermann Hallermann Treacher"
)
FRAMES = (
    "{} disease was ruled out.",
    "She has {}'s disease.",
    "Signs of {} syndrome appeared.",
    "A positive {} sign was seen.",
    "Treatment of {} disease is supportive.",
    "The {} test is simple.",
    "What causes {} syndrome?",
    "{}'s syndrome runs in families.",
    "Is {} disease inherited?",
    "Patients with {}'s disease tire easily.",
)
PEOPLE = (
    "{} was seen on the ward.",
    "Please call {} back.",
    "The plan was explained to {}.",
    "{} declined surgery.",
    "Reviewed with {} today.",
)


def eponyms(recognizers: tuple[Recognizer, ...]) -> dict[str, Any]:
    """Share of eponyms masked as names (listed and not), and of people with a title and such a name."""
    known = load_lists().eponyms

    def share(names: Iterable[str], frames: Iterable[str]) -> float:
        texts = [frame.format(name) for name in names for frame in frames]
        return round(
            sum(any(one.kind == "name" for one in find_phi(text, recognizers)) for text in texts) / len(texts), 4
        )

    titled = [f"{title} {name}" for title in ("Mr", "Mrs", "Dr.", "Ms.") for name in LISTED]
    return {
        "listed_eponyms_masked": share([name for name in LISTED if name.casefold() in known], FRAMES),
        "unlisted_eponyms_masked": share([name for name in UNLISTED if name.casefold() not in known], FRAMES),
        "people_with_title_masked": share(titled, PEOPLE),
    }


if __name__ == "__main__":
    main()
