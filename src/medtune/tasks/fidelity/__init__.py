"""Does an answer keep to the text that it was given? One comparison for each form of input.

Everything here is a rule that anybody can follow by hand; nothing is weighed. Rules miss what is said in other words,
so an answer without findings is not proven faithful, and one with a finding holds something to look at.
"""

from collections.abc import Callable

from medtune.tasks.fidelity import consultation, encounter, question, validation
from medtune.tasks.result import Form, Problem
from medtune.tasks.task import InputForm, Task

FIDELITY_VERSION = 2
"""Raised when the same answer could be judged differently than before."""

Comparison = Callable[[Task, Form, str, str | None], tuple[Problem, ...]]
"""Task, answer, user turn and country of use: what the text does not bear out."""

FIDELITY: dict[InputForm, Comparison] = {
    "topic": lambda _task, _form, _source, _locale: (),
    "question": question.compare,
    "consultation": consultation.compare,
    "encounter": encounter.compare,
    "validation": validation.compare,
}
"""Form of input to comparison."""

__all__ = ["FIDELITY", "FIDELITY_VERSION", "Comparison"]
