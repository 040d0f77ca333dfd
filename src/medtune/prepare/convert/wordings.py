"""Wordings of made rows: chosen by seed and record, filled, and named so that they can be counted."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from medtune.core.hashing import sha256_text
from medtune.core.io import read_text
from medtune.core.text import fold, sentences
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.draft import Draft
from medtune.runs.records.collect import Record, Turn

MOST_CHARS = 1_200
_PLACE = re.compile(r"\{(\w+)\}")
_LIST_HEAD = re.compile(r":\s*$")


@dataclass(frozen=True)
class Wording:
    """A filled wording, and which one it is (`drug-uses/2`)."""

    name: str
    text: str


@cache
def wordings() -> dict[str, tuple[str, ...]]:
    """All wordings by kind, from wordings.yaml."""
    values = yaml.safe_load(read_text(Path(__file__).with_name("wordings.yaml")))
    return {kind: tuple(texts) for kind, texts in values.items()}


def word(kind: str, key: str, seed: int, **values: str) -> Wording:
    """One wording of a kind, the same for the same key and seed. Raises KeyError for a place without a value.

    What stands in a value is never read as a place to fill.
    """
    options = wordings()[kind]
    number = int(sha256_text(f"{seed}:{kind}:{key}")[:8], 16) % len(options)
    return Wording(f"{kind}/{number + 1}", _PLACE.sub(lambda place: values[place[1]], options[number]))


def excerpt(text: str, most: int = MOST_CHARS) -> tuple[str, bool]:
    """The beginning of a text in whole sentences, lists whole or not at all, and whether something was left out."""
    if len(text) <= most:
        return text, False
    kept: list[str] = []
    size = 0
    for block in text.split("\n\n"):
        if size + len(block) <= most:
            kept.append(block)
            size += len(block) + 2
            continue
        if "\n- " not in block:
            kept.append(_whole_sentences(block, most - size))
        break
    while kept and (not kept[-1] or _LIST_HEAD.search(kept[-1])):
        kept.pop()
    return "\n\n".join(kept).strip(), True


def _whole_sentences(block: str, most: int) -> str:
    kept: list[str] = []
    for sentence in sentences(block):
        if sum(len(one) + 1 for one in kept) + len(sentence) > most:
            break
        kept.append(sentence)
    return " ".join(kept)


def made(given: ConvertInput, record: Record, part: str, asked: Wording, answer: str) -> Draft:
    """A row of one record; `part` tells rows of the same record apart."""
    converter, _, which = part.partition("/")
    topic = fold(record.topic)
    keys = (f"document:{record.document}", *((f"topic:{topic}",) if topic else ()))
    return Draft(
        id=f"{converter}/{record.id}#{which}" if which else f"{converter}/{record.id}",
        messages=(
            Turn(role="system", content=given.task.system),
            Turn(role="user", content=asked.text),
            Turn(role="assistant", content=given.task.finished(answer)),
        ),
        topic=topic,
        keys=keys,
        converter=converter,
        records=(record.id,),
        source=record.source,
        licence=record.licence,
        public=given.is_public(record.source),
        term=record.topic,
        template=asked.name,
    )
