"""The text that an importance matrix is made from: training chats as the model sees them, and medical prose.

Only training rows are read, and of the bundled documents only topics that no audit asks about: neither held-out rows
nor prompts of a suite can get in.
"""

import random
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path
from xml.etree import ElementTree

from medtune.core.archive import members
from medtune.core.hashing import digest_json, sha256_text
from medtune.core.text import fold
from medtune.runs.records.collect import Turn

_SEED = 7
_LONGEST_PIECE = 4000
"""Characters of a piece of prose: many short ones cover more than few long ones."""


@dataclass(frozen=True)
class Passage:
    """A question and its answer from the bundled MedQuAD documents."""

    topic: str
    question: str
    answer: str


@dataclass(frozen=True)
class Calibration:
    """The text and where it comes from."""

    text: str
    chats: int
    passages: int
    tokens: int

    @property
    def digest(self) -> str:
        """sha256 of the text."""
        return sha256_text(self.text)


def make_calibration(
    chats: Iterable[tuple[Turn, ...]],
    passages: Iterable[Passage],
    *,
    render: Callable[[tuple[Turn, ...]], str],
    count: Callable[[str], int],
    tokens: int,
) -> Calibration:
    """Half chats, half prose, shuffled; each half at least `tokens` / 2 long where there is as much.

    What one half lacks the other gives. `render` writes a chat with the model's own template, `count` counts tokens.
    The same input gives the same text.
    """
    order = random.Random(_SEED)
    shuffled_chats, shuffled_passages = list(chats), list(passages)
    order.shuffle(shuffled_chats)
    order.shuffle(shuffled_passages)
    written = _Half(map(render, shuffled_chats), count)
    prose = _Half((passage.answer[:_LONGEST_PIECE] for passage in shuffled_passages), count)
    written.fill(tokens / 2)
    prose.fill(tokens - written.tokens)
    written.fill(tokens - prose.tokens)
    pieces = [*written.pieces, *prose.pieces]
    order.shuffle(pieces)
    return Calibration("\n".join(pieces) + "\n", len(written.pieces), len(prose.pieces), written.tokens + prose.tokens)


class _Half:
    def __init__(self, source: Iterator[str], count: Callable[[str], int]) -> None:
        self.pieces: list[str] = []
        self.tokens = 0
        self._source, self._count = source, count

    def fill(self, wanted: float) -> None:
        """Take pieces until there are `wanted` tokens, or none are left."""
        while self.tokens < wanted and (piece := next(self._source, None)) is not None:
            self.pieces.append(piece)
            self.tokens += self._count(piece)


def bundled_passages(left_out: Collection[str] = ()) -> list[Passage]:
    """Passages of medtune's own part of MedQuAD, without its held-out topics and those of `left_out` (any case)."""
    data = Path(str(package_files("medtune"))) / "data"
    held_out = {line for line in (data / "heldout_topics.txt").read_text("utf-8").splitlines() if line[:1] != "#"}
    hidden = {fold(topic) for topic in (*held_out, *left_out)}
    found = []
    for _, document in sorted(members(data / "medquad" / "medquad.tar.xz", ".xml")):
        root = ElementTree.fromstring(document)
        topic = " ".join((root.findtext("Focus") or "").split())
        if fold(topic) not in hidden:
            found += [passage for pair in root.iter("QAPair") if (passage := _passage(topic, pair))]
    return found


def passages_digest(passages: Iterable[Passage]) -> str:
    """Stands for the texts of passages."""
    return digest_json([[passage.topic, sha256_text(passage.answer)] for passage in passages])


def as_chat(passage: Passage) -> tuple[Turn, ...]:
    """A passage as a conversation, for models without training rows of their own."""
    return (Turn(role="user", content=passage.question), Turn(role="assistant", content=passage.answer))


def _passage(topic: str, pair: ElementTree.Element) -> Passage | None:
    question, answer = ("".join(part.itertext()).strip() if (part := pair.find(name)) is not None else ""
                        for name in ("Question", "Answer"))  # fmt: skip
    return Passage(topic, question, answer) if question and answer else None
