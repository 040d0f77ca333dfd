"""Rows of several labelled sections: the request names the labels, the answer writes them in that order."""

from __future__ import annotations

import random
from collections.abc import Sequence

from . import labels
from .documents import Document
from .parts import Message, body, informative, join_words, row


def choose_sections(document: Document, rng: random.Random) -> list[tuple[str, str]]:
    """Three to five (label, body) sections from a document's answers; one answer may fill two sections."""
    bodies: list[tuple[str, str]] = []
    for kind in dict.fromkeys(pair.kind for pair in document.pairs):
        text = body(document.answer(kind), rng)
        if text and kind in labels.LABELS:
            bodies.append((rng.choice(labels.LABELS[kind]), text))
    if len(bodies) < 3:
        used = " ".join(text for _, text in bodies)
        spare = [line for pair in document.pairs for line in informative(pair.answer) if 30 < len(line) < 260]
        spare = [line for line in dict.fromkeys(spare) if line not in used]
        wanted = rng.randint(3, 4) - len(bodies)
        bodies += [(rng.choice(labels.MIDDLE_LABELS), line) for line in spare[:wanted]]
    count = min(len(bodies), rng.choice((3, 4, 4, 4, 5)))
    if count < 3:
        return []
    if rng.random() < 0.6:
        picked = sorted(rng.sample(range(len(bodies)), count))
    else:
        picked = rng.sample(range(len(bodies)), count)
    return relabel([bodies[index] for index in picked], rng)


def relabel(chosen: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
    """Swap some labels for neutral ones of the same place, and make all labels of an answer distinct."""
    result: list[tuple[str, str]] = []
    for index, (label, text) in enumerate(chosen):
        pool: Sequence[str] = labels.MIDDLE_LABELS
        if index == 0:
            pool = labels.OPENING_LABELS
        elif index == len(chosen) - 1:
            pool = labels.CLOSING_LABELS
        taken = {name for name, _ in result}
        if rng.random() < 0.35 or label in taken:
            result.append((rng.choice([name for name in pool if name not in taken]), text))
        else:
            result.append((label, text))
    return result


def section_request(names: Sequence[str], mark: str, rng: random.Random) -> str:
    """The words that ask for these section names in this markup."""
    text = rng.choice(labels.SECTION_REQUESTS).format(
        count=len(names),
        names=f"{', '.join(names[:-1])} and {names[-1]}" if rng.random() < 0.6 else ", ".join(names),
        bullets="\n".join(f"- {name}" for name in names),
        numbers="\n".join(f"{number}. {name}" for number, name in enumerate(names, 1)),
    )
    hint = rng.choice(labels.MARK_HINTS[mark])
    return f"{text}\n{hint}".strip() if "\n" in text else join_words(text, hint)


def write_sections(chosen: Sequence[tuple[str, str]], mark: str, level: str = "##") -> str:
    """The answer: each label, its body, and one blank line between sections."""
    if mark == "bold":
        return "\n\n".join(f"**{label}**\n{text}" for label, text in chosen)
    if mark == "heading":
        return "\n\n".join(f"{level} {label}\n{text}" for label, text in chosen)
    return "\n\n".join(f"**{label}:** {text}" for label, text in chosen)


def _sections(document: Document, rng: random.Random, mark: str) -> list[Message] | None:
    chosen = choose_sections(document, rng)
    if not chosen:
        return None
    answer = write_sections(chosen, mark, rng.choice(("##", "##", "#", "###")))
    request = section_request([label for label, _ in chosen], mark, rng)
    question = rng.choice(labels.TOPIC_QUESTIONS).format(topic=document.topic)
    role = rng.choice(labels.ROLES)
    if rng.random() < 0.7:
        return row(join_words(role, request), question, answer)
    return row(role, f"{question}\n{request}" if rng.random() < 0.5 else join_words(question, request), answer)


def bold_sections(document: Document, rng: random.Random) -> list[Message] | None:
    """Bold labels on lines of their own."""
    return _sections(document, rng, "bold")


def heading_sections(document: Document, rng: random.Random) -> list[Message] | None:
    """Markdown headings."""
    return _sections(document, rng, "heading")


def inline_sections(document: Document, rng: random.Random) -> list[Message] | None:
    """Bold labels with a colon before each part."""
    return _sections(document, rng, "inline")
