"""Questions with their answers, and whole chats, as they are; the task's system turn stands before them."""

from collections.abc import Iterator

from medtune.core.hashing import sha256_text
from medtune.core.text import fold
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.collect import Record, Turn
from medtune.tasks import Task

READS = frozenset({"qa", "messages"})


def convert(given: ConvertInput, rejections: Rejections) -> Iterator[Draft]:
    """One draft for each question with its answer and each chat; nothing is rejected here."""
    del rejections  # every cleaned record is a row
    return (_draft(record, given) for record in given.records if record.kind in READS)


def messages_of(record: Record, task: Task) -> tuple[Turn, ...]:
    """The record's chat; the task's system turn is added where it has none of its own.

    An answer ends as the task's form wants it; a whole chat is left as it is.
    """
    if record.kind == "messages":
        own = record.messages[0].role == "system"
        return record.messages if own else (Turn(role="system", content=task.system), *record.messages)
    return (
        Turn(role="system", content=task.system),
        Turn(role="user", content=record.question),
        Turn(role="assistant", content=task.finished(record.answer)),
    )


def split_keys(record: Record, messages: tuple[Turn, ...]) -> tuple[str, ...]:
    """What binds a record to others; without a topic, rows that ask the same stay together."""
    document = f"document:{record.document}"
    if record.topic:
        return (document, f"topic:{fold(record.topic)}")
    asked = "\n".join(fold(turn.content) for turn in messages if turn.role == "user")
    return (document, f"prompt:{sha256_text(asked)}")


def _draft(record: Record, given: ConvertInput) -> Draft:
    messages = messages_of(record, given.task)
    return Draft(
        id=f"qa/{record.id}",
        messages=messages,
        topic=fold(record.topic),
        keys=split_keys(record, messages),
        converter="qa",
        records=(record.id,),
        source=record.source,
        licence=record.licence,
        public=given.is_public(record.source),
        term=record.topic,
    )
