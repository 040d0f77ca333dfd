"""An example on its way: a chat with where it came from, before it has a split and a token count."""

from dataclasses import dataclass

from medtune.core.hashing import sha256_text
from medtune.core.text import fold
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Rejected


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


@dataclass
class Rejections:
    """What was dropped on the way, never its text."""

    rows: list[Rejected]

    def add(self, identity: str, step: str, reason: str) -> None:
        """Note one record or draft that goes no further."""
        self.rows.append(Rejected(id=identity, step=step, reason=reason))
