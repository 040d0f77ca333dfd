"""Cleaned records: plain characters, a question and an answer left."""

from medtune.core.text import tidy_question
from medtune.prepare.steps.normalise import normalise, unfold_layout
from medtune.prepare.steps.repair import repair
from medtune.runs.records.collect import Record

EMPTY = "nothing but blanks or control characters"


def clean_record(record: Record, kind: str, mend: bool) -> Record | str:
    """The record in plain text, or why it is left out; `kind` is its source's (MedQuAD brings a page's layout)."""

    def plain(text: str) -> str:
        return normalise(repair(text) if mend else text)

    topic = " ".join(plain(record.topic).split())
    if record.kind == "messages":
        turns = tuple(turn.model_copy(update={"content": plain(turn.content)}) for turn in record.messages)
        usable = all(turn.content for turn in turns if turn.role != "system")
        return record.model_copy(update={"messages": turns, "topic": topic}) if usable else EMPTY
    if record.kind == "document":
        parts = tuple(
            part.model_copy(update={"text": text, "heading": " ".join(plain(part.heading).split())})
            for part in record.passages
            if (text := plain(part.text))
        )
        return record.model_copy(update={"passages": parts, "topic": topic}) if parts else EMPTY
    question, answer = plain(record.question), plain(record.answer)
    if kind == "medquad":
        question, answer = tidy_question(" ".join(question.split())), unfold_layout(answer)
    if not question or not answer:
        return EMPTY
    return record.model_copy(update={"question": question, "answer": answer, "topic": topic})
