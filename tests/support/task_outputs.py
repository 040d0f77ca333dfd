"""Outputs written by hand, good and broken, one JSONL file a task and kind in tests/tasks/data/.

Rows hold the question or the id of a document, a summary for the validation tasks, the answer, and for broken ones the
names of what must be found. `@DISCLAIMER` stands for the task's line, `@WHOLE` for the whole document as one quotation.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from medtune.core.io import read_jsonl
from medtune.tasks import Task, load_task
from medtune.tasks.forms import join_summary

DATA = Path(__file__).parents[1] / "tasks" / "data"


@dataclass(frozen=True)
class Output:
    task: Task
    source: str
    answer: str
    finish_reason: str
    problems: frozenset[str]
    unfaithful: frozenset[str]
    place: str


@cache
def documents() -> dict[str, str]:
    return {row["id"]: row["text"] for _, row in read_jsonl(DATA / "documents.jsonl")}


@cache
def outputs(task: str, kind: str) -> tuple[Output, ...]:
    file = DATA / f"{task.replace('/', '_')}.{kind}.jsonl"
    return tuple(_output(load_task(task), row, f"{file.name}:{line}") for line, row in read_jsonl(file))


def _output(task: Task, row: dict[str, Any], place: str) -> Output:
    document = documents().get(row["source"], row["source"])
    answer = row["answer"].replace("@DISCLAIMER", task.disclaimer.strip())
    return Output(
        task=task,
        source=join_summary(document, row["summary"]) if "summary" in row else document,
        answer=json.dumps({"relevant_text": [document]}) if answer == "@WHOLE" else answer,
        finish_reason=row.get("finish_reason", "stop"),
        problems=frozenset(row.get("problems", ())),
        unfaithful=frozenset(row.get("unfaithful", ())),
        place=place,
    )
