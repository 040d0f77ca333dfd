"""Records in the languages that a recipe names; what is too short to tell passes."""

from collections.abc import Callable, Sequence

from medtune.detect.language import read_language
from medtune.runs.records.collect import Record

_ENOUGH_CHARS = 2_000


def text_of(record: Record) -> str:
    """The prose of a record that tells its language."""
    turns = (turn.content for turn in record.messages if turn.role == "assistant")
    return "\n".join(filter(None, (record.answer, *turns, *(part.text for part in record.passages))))


def language_step(languages: Sequence[str]) -> Callable[[Record], Record | str]:
    """A step that leaves out records in another language; `languages` are codes such as `en` or `zh-Hans`."""
    wanted = frozenset(languages)

    def step(record: Record) -> Record | str:
        code = read_language(text_of(record)[:_ENOUGH_CHARS]).code
        if code == "und" or code in wanted or code.partition("-")[0] in wanted:
            return record
        return f"its language is {code}"

    return step
