"""What a contract says of one answer."""

from dataclasses import dataclass

_SPAN_CHARS = 120


@dataclass(frozen=True)
class Problem:
    """One way in which an answer misses the contract; `span` quotes the words of the answer, if there are any."""

    name: str
    reason: str
    span: str = ""


@dataclass(frozen=True)
class ContractResult:
    """What became of one answer.

    `ok` and `problems` are about form alone. `unfaithful` lists what the text that was given does not bear out; it is
    empty, too, where no text was given or the task asks for no fidelity.
    """

    ok: bool
    problems: tuple[Problem, ...]
    parts: dict[str, str]
    """The bodies that were found, by heading, tag or what else tells them apart."""
    unfaithful: tuple[Problem, ...] = ()

    @property
    def faithful(self) -> bool:
        """True when nothing was found that the given text does not bear out."""
        return not self.unfaithful


@dataclass(frozen=True)
class Form:
    """What a checker of one kind of contract says."""

    problems: tuple[Problem, ...]
    parts: dict[str, str]
    quotes: tuple[str, ...] = ()
    """Of an answer that consists of quotations."""


def quoted(text: str) -> str:
    """A stretch of an answer on one line, never at length; what no file could hold is replaced."""
    flat = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return flat if len(flat) <= _SPAN_CHARS else f"{flat[: _SPAN_CHARS - 1]}…"


def ending(finish_reason: str) -> tuple[Problem, ...]:
    """The same for every task: the model must have ended its turn itself."""
    if finish_reason == "stop":
        return ()
    if finish_reason == "length":
        return (Problem("cut_off", "the answer was cut at the token limit: the model did not end its turn"),)
    return (Problem("not_finished", f"the answer did not end by itself (finish reason: {finish_reason})"),)
