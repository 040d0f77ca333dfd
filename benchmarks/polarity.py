"""How well the polarity detector reads a TSV of sentences: accuracy, confusion, and harmful misreadings.

    python benchmarks/polarity.py tests/detect/polarity/dev.tsv

Columns: sentence, action, polarity, family (with a header, unquoted); a literal \\n in a sentence is a line break.
"""

import argparse
import csv
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from medtune.detect.polarity import VERSION, read_polarity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tsv", type=Path)
    parser.add_argument(
        "--wrong", action="store_true", help="print the misread rows as well (never for a held-out set)"
    )
    options = parser.parse_args()
    print(json.dumps(measure(options.tsv, options.wrong), indent=2, ensure_ascii=False))


def measure(path: Path, wrong: bool = False) -> dict[str, Any]:
    """Figures over all rows and per family; rates are shares (0 to 1)."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    began = time.perf_counter()
    read = [read_polarity(row["sentence"].replace("\\n", "\n"), row["action"]) for row in rows]
    seconds = time.perf_counter() - began
    pairs = [(row["family"], row["polarity"], found.polarity) for row, found in zip(rows, read, strict=True)]
    figures = {
        **_figures(pairs),
        "detector_version": VERSION,
        "ms_per_pair": round(1000 * seconds / max(1, len(rows)), 3),
        "families": {name: _figures([p for p in pairs if p[0] == name]) for name in sorted({p[0] for p in pairs})},
    }
    if wrong:
        figures["wrong"] = [
            {**row, "found": found.polarity, "rule": found.rule}
            for row, found in zip(rows, read, strict=True)
            if row["polarity"] != found.polarity
        ]
    return figures


def _figures(pairs: list[tuple[str, str, str]]) -> dict[str, Any]:
    prohibited = [found for _, label, found in pairs if label == "prohibited"]
    harmful = sum(found == "advised" for found in prohibited)
    confusion = Counter(f"{label} read as {found}" for _, label, found in pairs)
    return {
        "n": len(pairs),
        "accuracy": round(sum(label == found for _, label, found in pairs) / max(1, len(pairs)), 4),
        "prohibited": len(prohibited),
        "prohibited_read_as_advised": harmful,
        "prohibited_read_as_advised_rate": round(harmful / len(prohibited), 4) if prohibited else 0.0,
        "unclear": sum(found == "unclear" for _, _, found in pairs),
        "confusion": dict(sorted(confusion.items())),
    }


if __name__ == "__main__":
    main()
