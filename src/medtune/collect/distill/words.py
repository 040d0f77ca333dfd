"""What the parts of distillation hand to each other."""

from collections.abc import Callable
from dataclasses import dataclass, field

from medtune.core.hashing import digest_json
from medtune.llm.messages import Message, Reply
from medtune.runs.records.collect import Record

AGAIN = (
    "An earlier answer to this could not be used. What was wrong with it: {reasons}. Answer again, from the start, "
    "without these mistakes and without a word about them."
)


@dataclass(frozen=True)
class Trouble:
    """One reason why an answer is not taken."""

    reason: str
    """What is counted; never words of the answer."""
    advice: str
    """What the teacher is told before it is asked again."""


@dataclass(frozen=True)
class Ask:
    """One thing to ask: what the teacher is told to do, and the text that it does it to.

    Everything that comes from data stands in `user`: a document that gives orders is a text like any other.
    """

    id: str
    """Id of the row that may come of it."""
    system: str
    user: str
    origin: Record | None = None
    """The record that it was made from."""
    category: str = ""
    topic: str = ""
    max_tokens: int = 512

    def messages(self, reasons: tuple[str, ...] = ()) -> list[Message]:
        """The conversation; `reasons` say what was wrong with the answer before."""
        system = f"{self.system}\n\n{AGAIN.format(reasons='; '.join(reasons))}" if reasons else self.system
        return [Message(role="system", content=system), Message(role="user", content=self.user)]

    @property
    def digest(self) -> str:
        """Hex sha256 of the first prompt."""
        return prompt_digest(self.messages())


@dataclass(frozen=True)
class Judged:
    """What became of one answer: a pair, or the reasons why it is none."""

    question: str = ""
    answer: str = ""
    items: tuple[str, ...] = ()
    """Instead of a pair: a list, where one was asked for."""
    troubles: tuple[Trouble, ...] = ()


Judge = Callable[[Ask, Reply], Judged]


@dataclass(frozen=True)
class Outcome:
    """What became of one `Ask` after all its tries."""

    ask: Ask
    judged: Judged
    prompt: str = ""
    """Digest of the prompt that brought the answer which was taken."""
    reason: str = ""
    """Why there is none; empty when there is one."""
    tries: tuple[tuple[str, ...], ...] = ()
    """The reasons of each try, in order; an empty tuple is a try that passed."""
    kinds: tuple[str, ...] = field(default=())
    """Kinds of identifiers for which the prompt was held back."""


def prompt_digest(messages: list[Message]) -> str:
    """Hex sha256 that names a prompt."""
    return digest_json(messages)
