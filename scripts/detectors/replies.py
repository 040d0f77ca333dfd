"""Training rows of the model of replies: the lists of the tests, replies put together from parts, MedQuAD sentences."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from medtune.collect.sources.medquad import BUNDLED, bundled_folder, raw_documents
from medtune.collect.sources.medquad_xml import DocumentError, Pair, parse_document
from medtune.core.text import sentences
from medtune.detect.marks import marks_of
from medtune.detect.refusal import KINDS, by_rules
from medtune.detect.reply_features import reply_features
from medtune.suites.load import load_suite, suite_names

from fit import Row, Told  # isort: skip

HERE = Path(__file__).parent
TESTS = HERE.parents[1] / "tests" / "detect"
LISTS = (
    "dev/refusal_1.jsonl",
    "dev/refusal_2.jsonl",
    "dev/refusal_3.jsonl",
    "dev/refusal_own.jsonl",
    "heldout/refusal.jsonl",
    "heldout/refusal_2.jsonl",
    "refusal_dev.jsonl",
    "refusal_heldout.jsonl",
)
MADE_A_KIND = 400
WEIGHT_OF_MADE = 0.5
SNIPPETS = 500
WEIGHT_OF_SNIPPETS = 0.4
_TURNS = (", but ", ". However, ", ". Still, ", ". What I can tell you: ", "; that said, ")


def reply_texts(lists: tuple[str, ...] = LISTS) -> list[Told]:
    """Every text to train on with its label and weight, in a fixed order."""
    told = [Told(text, label, 1.0) for name in lists for text, label in told_rows(name)]
    told += [Told(text, label, 1.0) for text, label in suite_references()]
    told += [Told(text, label, WEIGHT_OF_MADE) for text, label in made_replies()]
    told += [Told(text, "answer", WEIGHT_OF_SNIPPETS) for text in medquad_snippets()]
    return [row for row in told if row.text.strip()]


def reply_rows(lists: tuple[str, ...] = LISTS) -> list[Row]:
    """`reply_texts` with their features."""
    return [Row(told, features_of(told.text)) for told in reply_texts(lists)]


def features_of(text: str) -> dict[str, float]:
    """What medtune.detect.refusal gives its model for this reply."""
    marks = marks_of(text)
    return reply_features(marks, by_rules(text, marks).kind)


def told_rows(name: str) -> list[tuple[str, str]]:
    """Texts and labels of one list in tests/detect."""
    found = map(json.loads, (TESTS / name).read_text(encoding="utf-8").splitlines())
    return [(row["text"], row.get("label") or row["kind"]) for row in found]


def suite_references() -> Iterator[tuple[str, str]]:
    """Reference answers of the suites; that the rules class them right, `medtune suites check` has proved.

    Those about a task's form are documents, quotations and the like: no replies to a person.
    """
    for name in sorted(suite_names()):
        for case in load_suite(name).cases:
            if case.category == "structure":
                continue
            for text in case.references:
                yield text, by_rules(text, marks_of(text)).kind


def made_replies() -> Iterator[tuple[str, str]]:
    """Replies put together from refusal_parts.txt at random, always the same ones."""
    maker = _Maker()
    for _ in range(MADE_A_KIND):
        for kind in KINDS:
            yield maker.reply(kind), kind


class _Maker:
    def __init__(self) -> None:
        self.dice = random.Random(0)
        self.parts: dict[str, list[str]] = {}
        section = ""
        for line in (HERE / "refusal_parts.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                self.parts.setdefault(section, []).append(line)

    def reply(self, kind: str) -> str:
        opening = self.some("openers", self.dice.choice([0, 0, 1, 1, 2]))
        return " ".join(opening + getattr(self, kind)())

    def some(self, sections: str, count: int) -> list[str]:
        choices = [part for section in sections.split() for part in self.parts[section]]
        return [self.fill(part) for part in self.dice.sample(choices, count)]

    def fill(self, part: str) -> str:
        for mark, section in (("{a}", "activities"), ("{t}", "topics"), ("{p}", "professionals")):
            part = re.sub(re.escape(mark), lambda _, name=section: self.dice.choice(self.parts[name]), part)
        return part[:1].upper() + part[1:]

    def answer(self) -> list[str]:
        chance = self.dice.random()
        opening = self.some("emphatic", int(chance < 0.12)) + self.some("disclaimers", int(0.12 <= chance < 0.3))
        return opening + self.some("answers", self.dice.choice([1, 1, 2, 3, 4]))

    def caution(self) -> list[str]:
        chance = self.dice.random()
        if chance < 0.55:
            return self.some("answers", self.dice.choice([1, 2, 3])) + self.limits(self.dice.choice([1, 1, 2]))
        if chance < 0.65:
            many = self.dice.choice([1, 2, 3])
            return self.limits(1) + self.some("answers", many) + self.limits(self.dice.choice([0, 1]))
        few = self.dice.choice([1, 2])
        if chance < 0.85:
            return self.some("cautious_leads", 1) + self.some("answers", few) + self.limits(self.dice.choice([0, 1]))
        if chance < 0.9:
            return self.some("disclaimers", 1) + self.some("answers", few) + self.limits(1)
        declined = self.some("refuse", 1)[0].rstrip(".")
        first, *others = self.some("answers", few)
        turned = declined + self.dice.choice(_TURNS) + first[0].lower() + first[1:]
        return [turned, *others, *self.limits(self.dice.choice([0, 1]))]

    def limits(self, count: int) -> list[str]:
        return self.some("limits doubts", count)

    def deflect(self) -> list[str]:
        return self.some("deflect trivia", self.dice.choice([1, 1, 2, 3, 4]))

    def refuse(self) -> list[str]:
        told = self.some("refuse", self.dice.choice([1, 1, 1, 2]))
        told += self.some("refuse_tails", self.dice.choice([0, 1, 1, 2]))
        return self.some("deflect", 1) + told if self.dice.random() < 0.2 else told


def medquad_snippets() -> Iterator[str]:
    """Up to five sentences in a row out of MedQuAD answers that send nobody to a doctor."""
    dice = random.Random(0)
    answers = sorted(pair.answer for pair in _medquad_pairs() if pair.answer)
    taken = 0
    for answer in dice.sample(answers, len(answers)):
        found = [sentence for line in answer.splitlines() for sentence in sentences(line.strip()) if len(sentence) > 20]
        if not found:
            continue
        start, count = dice.randrange(len(found)), dice.choice([1, 1, 2, 3, 5, 12])
        text = " ".join(found[start : start + count])
        if any(mark.refers or mark.hedges or mark.limits for mark in marks_of(text)):
            continue
        yield text
        taken += 1
        if taken == SNIPPETS:
            return


def _medquad_pairs() -> Iterator[Pair]:
    for _, data in sorted(raw_documents(bundled_folder() / BUNDLED)):
        try:
            yield from parse_document(data).pairs
        except DocumentError:
            continue
