"""Invented topic names: a row about a name that exists nowhere can only be answered by copying the name."""

from __future__ import annotations

import random
import re

from .parts import Message

STARTS = (
    *("Al", "Bar", "Bre", "Cal", "Cor", "Dar", "Del", "Ein", "Far", "Fen", "Gal", "Gor", "Hal", "Hel", "Ir", "Jan"),
    *("Kal", "Kor", "Lam", "Lin", "Mar", "Mel", "Mor", "Nar", "Nev", "Or", "Pal", "Per", "Quin", "Ral", "Ros", "Sal"),
    *("Sor", "Tal", "Tor", "Ul", "Val", "Ver", "Wal", "Wen", "Yar", "Zel"),
)
MIDDLES = (
    "a",
    "e",
    "i",
    "o",
    "u",
    "an",
    "en",
    "ter",
    "do",
    "li",
    "ma",
    "ni",
    "ra",
    "sto",
    "vi",
    "go",
    "be",
    "phi",
    "no",
)
ENDS = (
    "berg",
    "din",
    "itis",
    "osis",
    "emia",
    "ton",
    "mann",
    "rell",
    "sen",
    "ska",
    "oma",
    "pathy",
    "stein",
    "lin",
    "dy",
)
TAILS = ("syndrome", "disease", "disorder", "deficiency", "dystrophy", "fever", "syndrome type 1", "disease type 2", "")


def invent_name(rng: random.Random) -> str:
    """A made-up name such as `Tormalin disease`."""
    word = rng.choice(STARTS) + "".join(rng.choices(MIDDLES, k=rng.randint(1, 2))) + rng.choice(ENDS)
    if rng.random() < 0.25:
        word += "-" + rng.choice(STARTS) + rng.choice(MIDDLES) + rng.choice(ENDS)
    return f"{word} {rng.choice(TAILS)}".strip()


def rename_topic(messages: list[Message], topic: str, rng: random.Random) -> list[Message]:
    """Put one invented name for a topic wherever it stands; unchanged where question and answer do not both name it."""
    pattern = re.compile(rf"(?<!\w){re.escape(topic)}(?!\w)", re.IGNORECASE)
    turns = [message["content"] for message in messages if message["role"] != "system"]
    if len(topic) < 4 or not all(pattern.search(text) for text in turns):
        return messages
    name = invent_name(rng)
    return [{"role": message["role"], "content": pattern.sub(name, message["content"])} for message in messages]
