"""Write an answer in a task's form: training targets come from here, so that the form stands in one place.

Every function raises DataError when the result would miss the task's own contract: such a row must not be trained on.
The message never holds the words.
"""

import json
from collections.abc import Sequence

from medtune.core.errors import DataError
from medtune.tasks.contract import check_contract
from medtune.tasks.contracts import QuotesContract, TagsContract
from medtune.tasks.load import load_task
from medtune.tasks.task import Task


def render_parts(task: Task, bodies: Sequence[str]) -> str:
    """An answer with one body a part, each a single paragraph.

    Raises DataError for a body that is empty, too short, the same as another, or a heading itself.
    """
    if len(bodies) != len(task.parts):
        raise DataError(
            f"{len(bodies)} bodies for {len(task.parts)} parts", next_step="give one body for each part of the task"
        )
    pairs = zip(task.parts, bodies, strict=True)
    return _checked(task, "\n\n".join(f"**{part}**\n{_one_line(body)}" for part, body in pairs), "these bodies")


def four_parts(definition: str, explanation: str, relevance: str, note: str) -> str:
    """The four-part answer of the `terminology` task. Raises DataError as `render_parts` does."""
    return render_parts(load_task("terminology"), (definition, explanation, relevance, note))


def render_tags(task: Task, bodies: Sequence[str]) -> str:
    """An answer with one body a tag. Raises DataError for bodies that are empty, alike, or hold a tag."""
    tags = task.contract.tags if isinstance(task.contract, TagsContract) else ()
    if len(bodies) != len(tags):
        raise DataError(
            f"{len(bodies)} bodies for {len(tags)} tags", next_step="give one body for each tag of the task"
        )
    text = "\n".join(f"<{tag}>{body.strip()}</{tag}>" for tag, body in zip(tags, bodies, strict=True))
    return _checked(task, text, "these bodies")


def render_quotes(task: Task, quotes: Sequence[str]) -> str:
    """One JSON object with the quotations as they are. Raises DataError for none, a blank or a very long one."""
    key = task.contract.key if isinstance(task.contract, QuotesContract) else ""
    return _checked(task, json.dumps({key: list(quotes)}, ensure_ascii=False), "these quotations")


def render_paragraph(task: Task, text: str) -> str:
    """Sentences on one line. Raises DataError for a list, a heading, or too little text."""
    return _checked(task, _one_line(text), "this text")


def render_steps(task: Task, steps: Sequence[str], question: str = "") -> str:
    """Numbered steps. Raises DataError for too few or many, and where an emergency's call for help is not early."""
    text = "\n".join(f"{number}. {_one_line(step)}" for number, step in enumerate(steps, 1))
    return _checked(task, text, "these steps", question)


def render_answer(task: Task, body: str) -> str:
    """An answer with the task's disclaimer as its last line. Raises DataError for an empty one or a bare refusal."""
    return _checked(task, task.finished(body.strip()), "this answer")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _checked(task: Task, text: str, what: str, source: str = "") -> str:
    result = check_contract(task, text, "stop", source)
    if not result.ok:
        names = ", ".join(sorted({problem.name for problem in result.problems}))
        raise DataError(f"{what} miss the form: {names}", next_step="leave this row out")
    return text
