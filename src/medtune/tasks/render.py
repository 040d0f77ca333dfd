"""Write an answer in a task's form: training targets come from here, so that the form stands in one place."""

from collections.abc import Sequence

from medtune.core.errors import DataError
from medtune.tasks.contract import check_contract
from medtune.tasks.load import load_task
from medtune.tasks.task import Task


def render_parts(task: Task, bodies: Sequence[str]) -> str:
    """An answer with one body a part, each a single paragraph.

    Raises DataError when the result would miss the task's own contract (a body that is empty, too short, the same as
    another, or a heading itself): such a row must not be trained on. The message never holds the words.
    """
    if len(bodies) != len(task.parts):
        raise DataError(
            f"{len(bodies)} bodies for {len(task.parts)} parts", next_step="give one body for each part of the task"
        )
    text = "\n\n".join(f"**{part}**\n{' '.join(body.split())}" for part, body in zip(task.parts, bodies, strict=True))
    result = check_contract(task, text, "stop")
    if not result.ok:
        names = ", ".join(sorted({problem.name for problem in result.problems}))
        raise DataError(f"these bodies miss the form: {names}", next_step="leave this row out")
    return text


def four_parts(definition: str, explanation: str, relevance: str, note: str) -> str:
    """The four-part answer of the `terminology` task. Raises DataError as `render_parts` does."""
    return render_parts(load_task("terminology"), (definition, explanation, relevance, note))
