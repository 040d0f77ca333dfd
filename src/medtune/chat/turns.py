"""Where the assistant's turns lie in a rendered chat: each is trained behind the very prompt that asks for it.

Most templates write a chat so that each prompt is a prefix of the whole. Some do not: Mistral's put the system message
into the last question only, Qwen3's drop the thoughts of earlier answers. Then each answer is a row of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Message = dict[str, str]
Render = Callable[[Sequence[Message], bool], str]
"""Messages to text; True: with the generation prompt at the end."""

_PROBE = "\U000fff00"
"""A private-use character: no template writes it by itself."""


class TurnError(Exception):
    """The template's text says nothing sure about where a turn lies; the message says why."""


class NoPrefixError(TurnError):
    """The prompt of an answer is no prefix of the chat that goes on behind it."""


@dataclass(frozen=True)
class Span:
    """An assistant's turn: character offsets of what follows its generation prompt, up to the end of the turn."""

    start: int
    end: int


@dataclass(frozen=True)
class Written:
    """A rendered chat and the assistant's turns in it that are trained."""

    text: str
    spans: tuple[Span, ...]


def write_whole(messages: Sequence[Message], render: Render) -> Written:
    """The chat as one text with every assistant turn. Raises NoPrefixError, TurnError (answers are left out).

    What stands behind a turn may depend on whether the chat goes on (Phi closes with an end-of-text token): the turn
    then reaches as far as both agree, and the caller checks that its end-of-turn token lies in that part.
    """
    text = render(messages, False)
    spans = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        asked = render(messages[:index], True)
        upto = text if index == len(messages) - 1 else render(messages[: index + 1], False)
        _require_answer(messages[: index + 1], upto, render)
        end = len(_common(upto, text))
        if not upto.startswith(asked) or end < len(asked):
            raise NoPrefixError(
                f"the chat template writes message {index + 1} otherwise when it is asked for than when it is "
                "trained on: the prompt is no prefix of the whole chat"
            )
        spans.append(Span(len(asked), end))
    return Written(text, tuple(spans))


def write_last(messages: Sequence[Message], render: Render) -> Written:
    """The prompt that asks for the last message, and that message behind it. Raises TurnError."""
    asked, full = render(messages[:-1], True), render(messages, False)
    _require_answer(messages, full, render)
    if full.startswith(asked):
        answer = full[len(asked) :]
    else:
        start = _content_start(messages, full, render)
        header = _generation_header(messages[:-1], asked, render)
        if not header or not full[:start].endswith(header):
            raise TurnError(
                f"the chat template writes message {len(messages)} otherwise when it is asked for than when it is "
                "trained on: the prompt is no prefix of the chat, and the answer begins in another way"
            )
        answer = full[start:]
    return Written(asked + answer, (Span(len(asked), len(asked) + len(answer)),))


def _require_answer(messages: Sequence[Message], text: str, render: Render) -> None:
    """The last message stands in the text. A template may trim it or set thoughts apart, but not leave it out."""
    if messages[-1]["content"].strip() not in text and _PROBE not in render(_with_last(messages, _PROBE), False):
        raise TurnError("the chat template has no assistant turn: the answers do not stand in what it writes")


def _with_last(messages: Sequence[Message], content: str) -> list[Message]:
    return [*messages[:-1], {**messages[-1], "content": content}]


def _content_start(messages: Sequence[Message], full: str, render: Render) -> int:
    """Where the text begins to depend on the last message."""
    other = render(_with_last(messages, _PROBE), False)
    return len(_common(full, other))


def _generation_header(messages: Sequence[Message], asked: str, render: Render) -> str:
    """What the template writes between the last question and the answer."""
    if not messages:
        return ""
    other = render(_with_last(messages, _PROBE), True)
    return _common(asked[::-1], other[::-1])[::-1]


def _common(first: str, second: str) -> str:
    """The longest text that both begin with; found by halving, since whole slices are compared quickly."""
    low, high = 0, min(len(first), len(second))
    if first[:high] == second[:high]:
        return first[:high]
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return first[:low]
