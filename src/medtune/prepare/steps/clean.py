"""Cleaned records: plain characters, a question and an answer left."""

from collections.abc import Iterable, Mapping

from medtune.prepare.convert.qa import tidy_question
from medtune.prepare.draft import Rejections
from medtune.prepare.steps.normalise import normalise, unfold_layout
from medtune.runs.records.collect import Record


def clean(records: Iterable[Record], kinds: Mapping[str, str], rejections: Rejections) -> tuple[Record, ...]:
    """Cleaned records sorted by id; `kinds` says of which kind each source is (MedQuAD brings a page's layout)."""
    kept = []
    for record in sorted(records, key=lambda record: record.id):
        cleaned = _clean(record, kinds.get(record.source, ""))
        if cleaned is None:
            rejections.add(record.id, "normalise", "nothing but blanks or control characters")
        else:
            kept.append(cleaned)
    return tuple(kept)


def _clean(record: Record, kind: str) -> Record | None:
    topic = " ".join(normalise(record.topic).split())
    if record.kind == "messages":
        turns = tuple(turn.model_copy(update={"content": normalise(turn.content)}) for turn in record.messages)
        usable = all(turn.content for turn in turns if turn.role != "system")
        return record.model_copy(update={"messages": turns, "topic": topic}) if usable else None
    question, answer = normalise(record.question), normalise(record.answer)
    if kind == "medquad":
        question, answer = tidy_question(" ".join(question.split())), unfold_layout(answer)
    if not question or not answer:
        return None
    return record.model_copy(update={"question": question, "answer": answer, "topic": topic})
