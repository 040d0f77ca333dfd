"""MedQuAD documents: reading, cleaning, sentence splitting, and the choice of the held-out topics."""

from __future__ import annotations

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

HELDOUT_COUNT = 200
HELDOUT_SEED = 2026
EXPLAINING_TYPES = frozenset({"symptoms", "causes", "genetic changes"})
CLOSING_TYPES = frozenset(
    {
        "inheritance",
        "frequency",
        "outlook",
        "prevention",
        "research",
        "considerations",
        "susceptibility",
        "exams and tests",
    }
)
HELDOUT_HEADER = """\
# 200 topics that the tiny base model was never shown, one a line: its <Focus>, lower-cased, white space folded.
# Every document of such a topic was left out of the pretraining corpus: a measurement on them is one on new topics.
# Chosen with a fixed seed by: python scripts/pretrain_tiny.py --choose-heldout MEDQUAD_DIR THIS_FILE
"""

_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|Dr|Mr|Mrs|Ms|St|Jr|No|approx|U\.S)\.|\b[A-Z]\.)$")
_SENTENCE_GAP = re.compile(r"(?<=[.!?])[\"”)]?\s+(?=[\"“(]?[A-Z0-9])")
_PHENOTYPES = re.compile(r"\(when available\)(.*?)-?\s*The Human Phenotype Ontology \(HPO\)", re.DOTALL)
_FREQUENCY = re.compile(r"\s(?:-|\d+(?:\.\d+)?%|\d+/\d+|Very rare|Rare|Occasional|Frequent|Common)(?=\s|$)")


@dataclass(frozen=True)
class Pair:
    """One answered question: its MedQuAD type, the question and the cleaned answer."""

    kind: str
    question: str
    answer: str


@dataclass(frozen=True)
class Document:
    """One MedQuAD document with its answered pairs; `collection` is the name of the folder it lay in."""

    topic: str
    collection: str
    pairs: tuple[Pair, ...]

    @property
    def key(self) -> str:
        """The normalised topic, as the held-out list writes it."""
        return normalise_topic(self.topic)

    def answer(self, kind: str) -> str:
        """The first answer of a question type, or an empty string."""
        return next((pair.answer for pair in self.pairs if pair.kind == kind), "")


def normalise_topic(topic: str) -> str:
    """Lower-case a topic and fold its white space."""
    return " ".join(topic.lower().split())


def clean_answer(text: str) -> str:
    """Fold MedQuAD's layout white space: `- ` items get lines of their own, wide gaps become a new line."""
    text = re.sub(r"\s{2,}-\s+", "\n- ", text.strip())
    text = re.sub(r"[ \t]*\n\s*", "\n", text)
    text = re.sub(r"(?<=[.!?:)])[ \t]{2,}", "\n", text)
    return re.sub(r"[ \t]+", " ", text)


@lru_cache(maxsize=256)  # the forms ask for the same few answers of one document again and again
def sentences(text: str) -> tuple[str, ...]:
    """Split a text into sentences, white space folded; an abbreviation's dot ends none."""
    flat = " ".join(text.split())
    found: list[str] = []
    for part in _SENTENCE_GAP.split(flat):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {part}"
        elif part:
            found.append(part)
    return tuple(found)


def phenotype_items(text: str) -> list[str]:
    """The signs that GARD answers list from the Human Phenotype Ontology, without their frequencies."""
    match = _PHENOTYPES.search(" ".join(text.split()))
    if match is None:
        return []
    items = _FREQUENCY.split(match.group(1))
    return [item.strip() for item in items if 3 < len(item.strip()) < 50]


def read_document(path: Path) -> Document:
    """Read one MedQuAD XML file; pairs without an answer are left out."""
    root = ElementTree.parse(path).getroot()
    pairs = []
    for element in root.iter("QAPair"):
        question = element.find("Question")
        answer = clean_answer(element.findtext("Answer") or "")
        if question is None or not answer:
            continue
        words = re.sub(r"[\s?]+$", "", " ".join((question.text or "").split())).replace("(are) ", "")
        pairs.append(Pair(question.get("qtype", ""), f"{words}?", answer))
    return Document(" ".join((root.findtext("Focus") or "").split()), path.parent.name, tuple(pairs))


def input_files(folder: Path) -> list[Path]:
    """Every XML file below a folder, sorted by its path relative to the folder."""
    return sorted(folder.rglob("*.xml"), key=lambda path: path.relative_to(folder).as_posix())


def read_documents(files: Iterable[Path]) -> list[Document]:
    """All documents that have a topic and at least one answer, in the order of the files."""
    documents = (read_document(path) for path in files)
    return [document for document in documents if document.topic and document.pairs]


def digest_files(files: Iterable[Path], folder: Path) -> str:
    """sha256 over the relative path and the sha256 of each file, in order."""
    total = hashlib.sha256()
    for path in files:
        inner = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()} {inner}\n".encode())
    return total.hexdigest()


def read_heldout(path: Path) -> frozenset[str]:
    """The held-out topics of a list file; `#` lines are comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_candidate(document: Document) -> bool:
    """Whether a document alone can fill every part of a several-part answer, starting from a fair description."""
    kinds = {pair.kind for pair in document.pairs}
    information = document.answer("information")
    return (
        "treatment" in kinds
        and bool(kinds & EXPLAINING_TYPES)
        and bool(kinds & CLOSING_TYPES)
        and len(information) >= 150
        and len(sentences(information)) >= 2
    )


def choose_heldout(documents: Iterable[Document], count: int = HELDOUT_COUNT, seed: int = HELDOUT_SEED) -> list[str]:
    """Draw `count` topics, each collection giving in proportion to the square root of its candidates.

    The root keeps the largest collection from filling the list, so small ones are measured as well.
    """
    by_collection: dict[str, set[str]] = defaultdict(set)
    seen: set[str] = set()
    for document in sorted(documents, key=lambda item: (item.collection, item.key)):
        if is_candidate(document) and document.key not in seen:
            seen.add(document.key)
            by_collection[document.collection].add(document.key)
    rng = random.Random(seed)
    weighted = []
    for _collection, topics in sorted(by_collection.items()):
        order = sorted(topics)
        rng.shuffle(order)
        # Rank r of n candidates gets r / sqrt(n): taking the smallest ranks draws about sqrt(n) shares of each.
        weighted += [((rank + rng.random()) / len(order) ** 0.5, topic) for rank, topic in enumerate(order)]
    return sorted(topic for _, topic in sorted(weighted)[:count])
