"""Training rows of the model of advice: the lists of the tests and sentences made from frames."""

import csv
import random
from collections.abc import Iterator

from medtune.detect.polarity.read import KINDS, action_features

from fit import Row, Told  # isort: skip
from replies import HERE, TESTS  # isort: skip

LISTS = (
    "dev/polarity_1.tsv",
    "dev/polarity_2.tsv",
    "dev/polarity_3.tsv",
    "dev/polarity_4.tsv",
    "dev/polarity_own.tsv",
    "heldout/polarity.tsv",
    "heldout/polarity_2.tsv",
    "polarity/dev.tsv",
    "polarity/regression.tsv",
)


MADE_A_FRAME = 6
WEIGHT_OF_MADE = 0.7


def advice_texts(lists: tuple[str, ...] = LISTS) -> list[Told]:
    """Every sentence with its action to train on, in a fixed order."""
    told = [told for name in lists for told in told_actions(name)]
    told += _Frames().sentences()
    return [row for row in told if row.label in KINDS]


def told_actions(name: str) -> list[Told]:
    """The rows of one list in tests/detect."""
    with (TESTS / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Told(f"{row['sentence']}\t{row['action']}".replace("\\n", "\n"), row.get("polarity") or row["label"], 1.0)
        for row in rows
    ]


def advice_rows(lists: tuple[str, ...] = LISTS) -> list[Row]:
    """`advice_texts` with their features; where the action is not found there is nothing to learn."""
    rows = []
    for told in advice_texts(lists):
        text, _, action = told.text.rpartition("\t")
        if features := action_features(text, action):
            rows.append(Row(told, features))
    return rows


class _Frames:
    """Makes sentences from advice_frames.txt."""

    def __init__(self) -> None:
        self.dice = random.Random(0)
        self.parts: dict[str, list[str]] = {}
        section = ""
        for line in (HERE / "advice_frames.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                self.parts.setdefault(section, []).append(line.replace("\\n", "\n"))

    def sentences(self) -> Iterator[Told]:
        for kind in KINDS:
            for frame in self.parts[kind]:
                for _ in range(MADE_A_FRAME):
                    yield self.sentence(frame, kind)

    def sentence(self, frame: str, kind: str) -> Told:
        action, other = (part.split(" | ") for part in self.dice.sample(self.parts["verbs"], 2))
        helper = self.dice.choice(self.parts["helpers"])
        values = {
            "v": action[0], "g": action[1], "o": other[0], "og": other[1], "who": helper,
            "bad": self.dice.choice(self.parts["bads"]), "good": self.dice.choice(self.parts["goods"]),
        }  # fmt: skip
        text = frame.format(**values)
        return Told(f"{text[:1].upper()}{text[1:]}\t{self.dice.choice(action)}", kind, WEIGHT_OF_MADE)
