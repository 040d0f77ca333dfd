"""The pretraining corpus: plain answers and structured rows, with the check that the fine-tune's form is not in it."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import forms, labels
from .documents import Document, sentences
from .names import rename_topic
from .parts import Message, join_words, row

FORBIDDEN_LABELS = ("definition", "explanation", "clinical relevance", "note")
"""The headings of the form that the demonstration fine-tune teaches: the base must not have seen them as labels."""

_NAMES = r"(?:definition|explanation|clinical[ _]relevance|note)s?"
_FORBIDDEN = re.compile(
    # a line's label
    rf"^[ \t]*(?:[-*•][ \t]+|\d+[.)][ \t]*)?[#*_\"'<\[(]*[ \t]*{_NAMES}[ \t]*[>\])\"'*_]*[ \t]*(?::|$)"
    rf"|\*\*[ \t]*{_NAMES}\b[^*\n]{{0,20}}\*\*"  # bold anywhere
    rf"|</?{_NAMES}>|[\"']{_NAMES}[\"'][ \t]*:"  # a tag, a JSON key
    rf"|(?<![a-z] )\b{_NAMES}[ \t]*:",  # `Note: ...` after the end of a sentence
    re.IGNORECASE | re.MULTILINE,
)
PLAIN_LIMIT = 6500
"""Characters (about 1,600 tokens) after which a plain answer is cut at a sentence's end."""
VALIDATION_SHARE = 0.03
STRUCTURED_PER_PAIR = 7
RENAMED_SHARE = 0.5
"""Structured rows whose topic gets an invented name: they teach copying a topic from the question, not facts."""


@dataclass(frozen=True)
class Row:
    """One chat of the corpus and the name of the form it was made with."""

    form: str
    messages: tuple[Message, ...]


def forbidden_label(text: str) -> str | None:
    """The first place of a text that uses one of the four headings as a label, or None."""
    match = _FORBIDDEN.search(text)
    return match.group(0).strip() if match else None


def check_corpus(rows: Iterable[Row]) -> None:
    """Raise ValueError when any message of any row uses one of the four headings as a label."""
    for item in rows:
        for message in item.messages:
            if (found := forbidden_label(message["content"])) is not None:
                raise ValueError(f"a {item.form} row uses the label {found!r}, which only fine-tuning may teach")


def cut(text: str, limit: int = PLAIN_LIMIT) -> str:
    """Shorten a long answer at the last sentence or line end before `limit` characters."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    end = max(head.rfind(". "), head.rfind(".\n"))
    return head[: end + 1] if end > limit // 2 else head


def plain_rows(document: Document, rng: random.Random) -> list[Row]:
    """Each pair as it stands, and once more shortened to one, two or three sentences."""
    rows = []
    for pair in document.pairs:
        system = join_words(rng.choice(labels.ROLES), rng.choice(labels.PLAIN_SYSTEMS))
        whole = row(system if rng.random() < 0.5 else "", pair.question, cut(pair.answer))
        rows.append(Row("plain", tuple(whole)))
        count = rng.randint(1, 3)
        short = " ".join(sentences(pair.answer)[:count])
        if len(short) <= 700:
            wish = join_words(rng.choice(labels.ROLES), rng.choice(labels.SHORT_SYSTEMS[count]))
            rows.append(Row("short", tuple(row(wish, pair.question, short))))
    return rows


def structured_rows(document: Document, rng: random.Random, count: int) -> list[Row]:
    """`count` draws of a structured form; a draw that the document cannot fill gives no row."""
    makers = [maker for maker, _ in forms.STRUCTURED]
    weights = [weight for _, weight in forms.STRUCTURED]
    rows = []
    for maker in rng.choices(makers, weights, k=count):
        messages = maker(document, rng)
        if messages is not None:
            if rng.random() < RENAMED_SHARE:
                messages = rename_topic(messages, document.topic, rng)
            rows.append(Row(maker.__name__, tuple(messages)))
    return rows


def document_rows(document: Document, seed: int) -> list[Row]:
    """All rows of a document, distinct, without those that use one of the four headings as a label."""
    # The generator hangs on the document alone, so a change of the folder leaves other documents' rows as they were.
    rng = random.Random(f"{seed}:{document.collection}:{document.key}")
    rows = plain_rows(document, rng) + structured_rows(document, rng, STRUCTURED_PER_PAIR * len(document.pairs))
    distinct = {json.dumps(item.messages): item for item in rows}
    return [item for item in distinct.values() if not any(forbidden_label(m["content"]) for m in item.messages)]


def build_corpus(documents: Sequence[Document], heldout: frozenset[str], seed: int) -> tuple[list[Row], list[Row]]:
    """Training and validation rows; a topic lies wholly on one side, and held-out topics on neither."""
    train: list[Row] = []
    validation: list[Row] = []
    for document in documents:
        if document.key in heldout:
            continue
        mark = int.from_bytes(hashlib.sha256(document.key.encode()).digest()[:4], "big") / 2**32
        (validation if mark < VALIDATION_SHARE else train).extend(document_rows(document, seed))
    check_corpus(train)
    check_corpus(validation)
    return train, validation


def digest_rows(rows: Iterable[Row]) -> str:
    """sha256 over the rows' messages as JSON lines."""
    total = hashlib.sha256()
    for item in rows:
        total.update(json.dumps(item.messages, ensure_ascii=False, sort_keys=True).encode() + b"\n")
    return total.hexdigest()
