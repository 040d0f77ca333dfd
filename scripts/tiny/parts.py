"""What every structured form is made of: rows, cleaned sentences, section bodies, and short strings for lists."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import lru_cache

from .documents import Document, phenotype_items, sentences

Message = dict[str, str]
Form = Callable[[Document, random.Random], list[Message] | None]

BODY_LIMIT = 420
"""Characters (about 100 tokens) that the body of one section may have."""


def row(system: str, *turns: str) -> list[Message]:
    """Messages from an optional system text and alternating user and assistant texts."""
    roles = ("user", "assistant")
    messages = [{"role": roles[index % 2], "content": text} for index, text in enumerate(turns)]
    return [{"role": "system", "content": system}, *messages] if system else messages


def join_words(*parts: str) -> str:
    """Join the non-empty parts with single spaces."""
    return " ".join(part for part in parts if part)


_BOILERPLATE = re.compile(
    r"Human Phenotype Ontology|MedlinePlus Medical Dictionary|Orphanet|If the information is available"
    r"|[Ff]requency (?:of a sign|may also)|number of the fraction|frequency of 25/25|based on a specific study"
    r"|no information on frequency|sign or symptom may be rare|Signs and Symptoms Approximate|^Key Points"
    r"|resources (?:from MedlinePlus|address the diagnosis)"
)


@lru_cache(maxsize=256)
def informative(text: str) -> tuple[str, ...]:
    """The sentences of an answer without the question that GARD repeats and its notes on where the list came from."""
    return tuple(line for line in sentences(text) if not line.endswith("?") and not _BOILERPLATE.search(line))


def body(text: str, rng: random.Random, limit: int = BODY_LIMIT) -> str:
    """One or two leading sentences of an answer within `limit` characters, or an empty string."""
    # A quarter keeps the raw opening: real answers open so, and the forms learned later may start from them.
    found = informative(text) if rng.random() < 0.75 else sentences(text)
    found = tuple(sentence.removeprefix("- ") for sentence in found[:2])
    if len(found) == 2 and (rng.random() < 0.3 or len(found[0]) + len(found[1]) > limit):
        found = found[:1]
    joined = " ".join(found)
    # A list folded into a sentence breeds endless lists in short answers.
    if joined.count(" - ") > 1:
        return ""
    return joined if 20 <= len(joined) <= limit and not joined.endswith("?") else ""


def items(document: Document, rng: random.Random, most: int = 6) -> list[str]:
    """Short strings of a document for lists: its listed signs, or bullet lines of one answer, order kept."""
    found = phenotype_items(document.answer("symptoms"))
    if len(found) < 3:
        lines = [line for pair in document.pairs for line in pair.answer.split("\n") if line.startswith("- ")]
        found = [line[2:].strip(" .") for line in lines if 5 < len(line) < 90]
    if len(found) < 3:
        return []
    count = rng.randint(3, max(3, min(most, len(found))))
    start = rng.randrange(len(found) - count + 1)
    return found[start : start + count]
