"""The model card: metadata that the hub takes, and no figure that the run does not hold."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medtune.runs.layout import RunDir

_NUMBER = re.compile(r"(?<![\w.])[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def values_of(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from values_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner)
    else:
        yield value


def facts_of(run: RunDir) -> tuple[set[str], str]:
    """Every number of the run's JSON in the ways that a card may write it, and all of its texts."""
    written, texts = set(), []
    for path in run.path.rglob("*.json"):
        if path.name == "report.json":
            continue
        for value in values_of(json.loads(path.read_text("utf-8"))):
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                written.add(str(value))
                for scaled in (value, 100 * value, value / 1e6):
                    written |= {
                        f"{scaled:{form}}" for form in (".1f", "+.1f", ".2f", ".3f", ".4f", ".5f", ".6g", "g", ",.0f")
                    }
    return written, "\n".join(texts)


def strangers(card: str, run: RunDir) -> list[str]:
    """Numbers of the card that stand in no JSON field."""
    written, texts = facts_of(run)
    own = {number.rstrip(",") for number in _NUMBER.findall(texts)}
    # Digests are cut for reading; their beginning must stand in a field.
    for digest in re.findall(r"`([0-9a-f]{16,64})…?`", card):
        assert digest in texts, digest
    plain = re.sub(r"`[0-9a-f]{16,64}…?`", "", card)
    numbers = [number.rstrip(",") for number in _NUMBER.findall(plain)]
    return [one for one in numbers if one not in written and one.lstrip("+-") not in written and one not in own]


def test_every_figure_of_the_card_stands_in_a_json_field_of_the_run(run: RunDir, released: Path) -> None:
    card = (released / "README.md").read_text("utf-8")
    assert strangers(card, run) == []
    assert len(_NUMBER.findall(card)) > 150


@pytest.mark.parametrize("add", ["| 77.77 % |", "98.765 tokens/s", "1,234,567 rows", "loss 0.98761"])
def test_a_figure_that_was_typed_by_hand_would_be_noticed(run: RunDir, released: Path, add: str) -> None:
    card = (released / "README.md").read_text("utf-8")
    assert len(strangers(f"{card}\n{add}", run)) == 1


def test_the_metadata_is_what_the_hub_takes(released: Path) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard((released / "README.md").read_text("utf-8"), ignore_metadata_errors=False)
    values = card.data.to_dict()
    assert values["license"] == "other" and values["license_name"] and values["license_link"]
    assert values["library_name"] == "gguf" and values["pipeline_tag"] == "text-generation"
    assert all(isinstance(tag, str) for tag in values["tags"])


def test_the_card_says_what_it_must(released: Path) -> None:
    text = (released / "README.md").read_text("utf-8")
    for words in (
        "Not clinically validated", "rubric: unreviewed", "Verdict signed by: nobody", "## Personal data",
        "Sources that are not public: local.jsonl", "Q2\\_K", "form only", "## Limits",
    ):  # fmt: skip
        assert words in text, words
