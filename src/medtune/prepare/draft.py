"""An example on its way: a chat with where it came from, before it has a split and a token count."""

from dataclasses import dataclass
from typing import NamedTuple

from medtune.core.hashing import sha256_text
from medtune.core.text import fold
from medtune.runs.records.collect import Turn


@dataclass(frozen=True)
class Draft:
    """One chat that may become an example; the last turn is the assistant's."""

    id: str
    messages: tuple[Turn, ...]
    topic: str
    """Folded; empty when the record says none."""
    keys: tuple[str, ...]
    """Drafts that share a key never cross the split: topics, document, prompt."""
    converter: str
    records: tuple[str, ...]
    source: str
    licence: str
    public: bool
    term: str = ""
    """The topic as a person would write it; empty where only the folded one is known."""
    template: str = ""
    """Which wording the converter chose, for the counts in stats.json; empty where there is only one."""

    @property
    def answer_digest(self) -> str:
        """Digest of what is learned: the folded answer, or the whole talk where it has several turns."""
        talk = [turn for turn in self.messages if turn.role != "system"]
        if len(talk) <= 2:
            return sha256_text(fold(talk[-1].content))
        return sha256_text("\n".join(f"{turn.role}: {fold(turn.content)}" for turn in talk))

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every user turn."""
        return tuple(turn.content for turn in self.messages if turn.role == "user")

    @property
    def learned(self) -> str:
        """Every assistant turn: what a model would learn to say."""
        return "\n".join(turn.content for turn in self.messages if turn.role == "assistant")


class Dropped(NamedTuple):
    """One record or draft that goes no further."""

    id: str
    step: str
    reason: str


@dataclass
class Rejections:
    """What was dropped on the way, never its text."""

    rows: list[Dropped]

    def add(self, identity: str, step: str, reason: str) -> None:
        """Note one record or draft that goes no further."""
        self.rows.append(Dropped(identity, step, reason))
