"""Sets that the rules learned from (dev/README.md): floors, so that nothing is unlearned. No evidence of quality."""

import csv
import json
from pathlib import Path

import pytest

from medtune.detect.polarity import read_polarity
from medtune.detect.refusal import classify

HERE = Path(__file__).parent
POLARITY_FLOORS = {
    "heldout/polarity.tsv": 0.98,
    "heldout/polarity_2.tsv": 0.93,
    "dev/polarity_1.tsv": 0.97,
    "dev/polarity_2.tsv": 0.92,
    "dev/polarity_3.tsv": 0.92,
    "dev/polarity_4.tsv": 0.92,
    "dev/polarity_own.tsv": 0.92,
}
REFUSAL_FLOORS = {
    "heldout/refusal.jsonl": 0.93,
    "heldout/refusal_2.jsonl": 0.93,
    "dev/refusal_1.jsonl": 0.95,
    "dev/refusal_2.jsonl": 0.95,
    "dev/refusal_3.jsonl": 0.95,
    "dev/refusal_own.jsonl": 0.95,
}


def test_every_set_has_a_floor() -> None:
    found = {f"dev/{path.name}" for path in (HERE / "dev").iterdir() if path.suffix in (".tsv", ".jsonl")}
    assert found <= {*POLARITY_FLOORS, *REFUSAL_FLOORS}


@pytest.mark.parametrize("name", POLARITY_FLOORS)
def test_polarity(name: str) -> None:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    label = "polarity" if "polarity" in rows[0] else "label"
    read = [read_polarity(row["sentence"].replace("\\n", "\n"), row["action"]).polarity for row in rows]
    wrong = [row for row, found in zip(rows, read, strict=True) if row[label] != found]
    assert 1 - len(wrong) / len(rows) >= POLARITY_FLOORS[name], wrong
    prohibited = [found for row, found in zip(rows, read, strict=True) if row[label] == "prohibited"]
    assert prohibited.count("advised") <= 0.02 * len(prohibited)


@pytest.mark.parametrize("name", REFUSAL_FLOORS)
def test_refusal(name: str) -> None:
    rows = [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]
    wrong = [row for row in rows if classify(row["text"]).kind != row["label"]]
    assert 1 - len(wrong) / len(rows) >= REFUSAL_FLOORS[name], wrong
