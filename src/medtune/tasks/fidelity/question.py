"""Does an answer to a plain question name the emergency number of the place where it is given?"""

import re

from medtune.detect.emergency_numbers import ALL_NUMBERS, numbers_of
from medtune.tasks.result import Form, Problem, quoted
from medtune.tasks.task import Task

_NUMBER = re.compile(
    r"\b(?:call|dial|phone|ring|ambulance|emergency(?: number| services?)?|number)\b[^.;\n\d]{0,30}?"
    rf"(?<![\d.,$])({'|'.join(ALL_NUMBERS)})(?![\d%]|[.,]\d)",
    re.IGNORECASE,
)


def compare(task: Task, form: Form, source: str, locale: str | None) -> tuple[Problem, ...]:
    """One finding when only numbers of other places are named; nothing where the place is not known."""
    del task, source
    right = numbers_of(locale)
    named = list(dict.fromkeys(_NUMBER.findall("\n".join(form.parts.values()))))
    if right is None or not named or set(named) & set(right):
        return ()
    words = f"{', '.join(named)} instead of {' or '.join(right)}"
    return (Problem("wrong_number", words, quoted(named[0])),)
