"""The user's own gold set: the same shapes as a `files` source, always test, never trained on."""

from pathlib import Path

from medtune.core.errors import DataError
from medtune.core.tables import table_files
from medtune.core.text import fold
from medtune.prepare.convert.qa import messages_of, split_keys
from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.steps.normalise import normalise
from medtune.runs.records.collect import Record, Turn
from medtune.runs.records.shapes import SHAPES, ShapedRow, read_shaped
from medtune.tasks import Task

SOURCE = "gold set"


def read_gold(path: Path, task: Task, rejections: Rejections) -> list[Draft]:
    """Drafts of every row with question and answer. Raises DataError naming file and line, or when none is left."""
    drafts = []
    for file in table_files(path):
        label = file.relative_to(path).as_posix() if path.is_dir() else file.name
        for row in read_shaped(file):
            identity = f"gold/{label}:{row.line}"
            if row.missing:
                rejections.add(identity, "gold", row.missing)
            else:
                drafts.append(_draft(row, identity, task))
    if not drafts:
        raise DataError(
            "no row of the gold set has both a question and an answer", where=str(path), next_step=f"fill in {SHAPES}"
        )
    return drafts


def _draft(row: ShapedRow, identity: str, task: Task) -> Draft:
    turns = tuple(Turn(role=turn.role, content=normalise(turn.content)) for turn in row.messages)
    record = Record(
        id=identity,
        source=SOURCE,
        kind="messages" if turns else "qa",
        topic=row.topic,
        document=identity,
        question=normalise(row.question),
        answer=normalise(row.answer),
        messages=turns,
        licence="not stated",
    )
    messages = messages_of(record, task)
    return Draft(
        id=identity,
        messages=messages,
        topic=fold(row.topic),
        keys=split_keys(record, messages),
        converter="gold",
        records=(identity,),
        source=SOURCE,
        licence=record.licence,
        public=False,
    )
