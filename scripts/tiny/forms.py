"""The other forms of the structured rows: lists, JSON, tags, passages, copying, several turns.

Every function takes a document and a random generator and returns the messages of one row, or None where the document
has too little to fill the form.
"""

from __future__ import annotations

import json
import random

from . import labels
from .documents import Document, sentences
from .parts import Form, Message, body, informative, items, join_words, row
from .sections import bold_sections, choose_sections, heading_sections, inline_sections


def bullet_list(document: Document, rng: random.Random) -> list[Message] | None:
    """A list of signs or points with `- ` or `* `."""
    found = items(document, rng)
    if not found:
        return None
    mark = rng.choice(("-", "-", "-", "*"))
    wish = rng.choice(
        ("Answer as a bullet list.", "Use bullet points.", f"Begin every line with {mark} and nothing else.")
    )
    question = rng.choice(
        ("List points on {t}.", "What belongs to {t}?", "Give {n} points about {t}.", "Key facts: {t}")
    )
    answer = "\n".join(f"{mark} {item}" for item in found)
    return row(join_words(rng.choice(labels.ROLES), wish), question.format(t=document.topic, n=len(found)), answer)


def numbered_steps(document: Document, rng: random.Random) -> list[Message] | None:
    """Numbered sentences of one answer."""
    pair = rng.choice(document.pairs)
    found = [line for line in informative(pair.answer) if len(line) < 200][: rng.randint(3, 5)]
    if len(found) < 3:
        return None
    wish = rng.choice(("Answer in numbered steps.", "Number your points.", f"Give {len(found)} numbered points."))
    answer = "\n".join(f"{number}. {line}" for number, line in enumerate(found, 1))
    return row(join_words(rng.choice(labels.ROLES), wish), pair.question, answer)


def json_object(document: Document, rng: random.Random) -> list[Message] | None:
    """A JSON object with string, list and number values; compact or indented."""
    found = items(document, rng, 4)
    chosen = choose_sections(document, rng)
    record: dict[str, object] = {}
    if chosen:
        record = {label.lower().replace(" ", "_"): sentences(text)[0] for label, text in chosen[: rng.randint(1, 3)]}
    if found:
        record[rng.choice(("signs", "findings", "items", "terms", "symptoms"))] = found
    if not record:
        return None
    if rng.random() < 0.6:
        record = {rng.choice(("topic", "name", "disease", "condition")): document.topic, **record}
    if rng.random() < 0.3:
        key, value = rng.choice((("count", len(found)), ("listed", bool(found)), ("source", None)))
        record[key] = value
    keys = ", ".join(record)
    wish = rng.choice(("Answer with one JSON object.", "Reply in JSON only.", "Return JSON with the keys {keys}."))
    answer = json.dumps(record, ensure_ascii=False, indent=2 if rng.random() < 0.2 else None)
    question = rng.choice(labels.TOPIC_QUESTIONS).format(topic=document.topic)
    return row(join_words(rng.choice(labels.ROLES), wish.format(keys=keys)), question, answer)


def json_terms(document: Document, rng: random.Random) -> list[Message] | None:
    """A given text whose listed strings come back as a JSON array or inside an object."""
    found = items(document, rng, 7)
    if not found:
        return None
    joined = rng.choice(("; ", ", ", "\n- ", " - ")).join(found)
    text = rng.choice(("The patient has: {x}.", "Reported signs: {x}", "Text: {x}", "{t} can show {x}."))
    wish = rng.choice(
        (
            "Extract the terms as a JSON list.",
            "Return every finding as a JSON array of strings.",
            "List the strings of the text in JSON.",
            'Answer with {{"{key}": [...]}} and nothing else.',
        )
    )
    key = rng.choice(("terms", "findings", "signs", "entities"))
    value: object = {key: found} if "{{" in wish else found
    answer = json.dumps(value, ensure_ascii=False)
    return row(wish.format(key=key), text.format(x=joined, t=document.topic), answer)


def tagged(document: Document, rng: random.Random) -> list[Message] | None:
    """Two parts in XML-like tags."""
    pair = rng.choice(document.pairs)
    lines = [line for line in informative(pair.answer) if len(line) < 300]
    if len(lines) < 2:
        return None
    first, second = rng.choice(labels.TAG_PAIRS)
    wish = rng.choice(
        (
            "Write your {a} in <{a}> tags and your {b} in <{b}> tags.",
            "Use <{a}>...</{a}> first, then <{b}>...</{b}>.",
            "Answer as <{a}> and <{b}>.",
        )
    ).format(a=first, b=second)
    glue = rng.choice(("", "\n"))
    parts = ((first, lines[1]), (second, lines[0]))
    answer = "\n".join(f"<{tag}>{glue}{line}{glue}</{tag}>" for tag, line in parts)
    return row(join_words(rng.choice(labels.ROLES), wish), pair.question, answer)


def passage(document: Document, rng: random.Random) -> list[Message] | None:
    """A question answered with a sentence of the given passage."""
    pair = rng.choice(document.pairs)
    lines = [line for line in informative(pair.answer) if len(line) < 300][:5]
    if len(lines) < 2:
        return None
    answer = lines[0]
    if rng.random() < 0.5:
        rng.shuffle(lines)
    given = " ".join(lines)
    wish = rng.choice(("Answer only from the passage.", "Use only the given text.", "Answer with words of the text."))
    shape = rng.choice(("Passage: {p}\n\nQuestion: {q}", "<passage>\n{p}\n</passage>\n{q}", "{q}\n\nText:\n{p}"))
    return row(join_words(rng.choice(labels.ROLES), wish), shape.format(p=given, q=pair.question), answer)


def copying(document: Document, rng: random.Random) -> list[Message] | None:
    """A chosen sentence of a given text, word for word."""
    pair = rng.choice(document.pairs)
    lines = [line for line in informative(pair.answer) if len(line) < 250][:5]
    if len(lines) < 3:
        return None
    index = rng.randrange(3)
    place = ("first", "second", "third")[index]
    wish = rng.choice(
        ("Copy the {w} sentence.", "Repeat the {w} sentence of the text.", "Give back only the {w} sentence.")
    )
    answer = f'"{lines[index]}"' if rng.random() < 0.2 else lines[index]
    system = "Put quotation marks around the copy." if answer.startswith('"') else rng.choice(("Copy exactly.", ""))
    return row(system, f"{wish.format(w=place)}\n\n{' '.join(lines)}", answer)


def several_turns(document: Document, rng: random.Random) -> list[Message] | None:
    """Two or three short questions on one topic."""
    count = min(len(document.pairs), rng.randint(2, 3))
    if count < 2:
        return None
    picked = sorted(rng.sample(range(len(document.pairs)), count))
    turns: list[str] = []
    for pair in (document.pairs[index] for index in picked):
        text = body(pair.answer, rng)
        if not text:
            return None
        turns += [pair.question, text]
    return row(rng.choice(labels.ROLES), *turns)


STRUCTURED: tuple[tuple[Form, float], ...] = (
    (bold_sections, 0.40),
    (heading_sections, 0.08),
    (inline_sections, 0.08),
    (bullet_list, 0.06),
    (numbered_steps, 0.05),
    (json_object, 0.08),
    (json_terms, 0.06),
    (tagged, 0.05),
    (passage, 0.05),
    (copying, 0.05),
    (several_turns, 0.04),
)
"""Each form with its share of the structured rows."""
