"""What is asked: held-out examples first, then the cases of each suite."""

from collections.abc import Sequence
from itertools import zip_longest

from medtune.runs.records.ask import AskedCase
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Example
from medtune.suites import Question, Suite
from medtune.tasks import REFUSAL, Task, check_contract

HELD_OUT = "held-out"
_HELD_OUT_SEVERITY = 3


def held_out_cases(examples: Sequence[Example], task: Task, at_most: int) -> tuple[AskedCase, ...]:
    """The held-out questions: those that count first, and among them one of each topic before a second of any.

    A question counts for the verdict when its own reference answer has the task's form and answers. A refusal, or a
    plain answer to another kind of question, is asked and shown, but its form says nothing.
    """
    asked = [_held_out(example, task) for example in examples]
    ordered = [*_topics_in_turn([case for case in asked if case.gated])]
    ordered += _topics_in_turn([case for case in asked if not case.gated])
    return tuple(ordered[:at_most])


def suite_cases(suite: Suite, task: Task, at_most: int | None) -> tuple[AskedCase, ...]:
    """A suite's cases under the task's system prompt. Only cases that are fit for a form verdict count for one.

    A case about the form of another task is asked and shown: its form is not what this model was tuned for.
    """
    return tuple(
        suite_case(suite, question, task.system, task.name if _counts(question, task) else "")
        for question in suite.questions[:at_most]
    )


def _counts(question: Question, task: Task) -> bool:
    named = question.case.structure
    return question.case.fit == "form" and (named is None or named.partition("/")[0] == task.family)


def suite_case(suite: Suite, question: Question, system: str, contract: str) -> AskedCase:
    """One question of a suite; without a system prompt when that is empty."""
    turns = (Turn(role="user", content=question.prompt),)
    return AskedCase(
        id=f"{suite.name}/{question.id}",
        suite=suite.name,
        cluster=f"{suite.name}/{question.case.cluster}",
        messages=(Turn(role="system", content=system), *turns) if system else turns,
        gated=bool(contract),
        contract=contract,
        severity=question.case.severity,
        public=True,
        scenario=question.case.id,
        category=question.case.category,
        critical=question.case.critical,
        clinical=question.case.fit == "clinical",
    )


def questions_of(cases: Sequence[AskedCase], samples: int) -> list[tuple[AskedCase, int]]:
    """Every case greedily first, then the samples of each critical one, round by round."""
    asked = [(case, 0) for case in cases]
    critical = [case for case in cases if case.critical]
    return asked + [(case, sample) for sample in range(1, samples + 1) for case in critical]


def _held_out(example: Example, task: Task) -> AskedCase:
    asked = next((turn.content for turn in reversed(example.messages[:-1]) if turn.role == "user"), "")
    found = check_contract(task, example.messages[-1].content, "stop", asked)
    counts = found.ok and REFUSAL not in found.parts
    return AskedCase(
        id=f"{HELD_OUT}/{example.id}",
        suite=HELD_OUT,
        cluster=f"{HELD_OUT}/{example.topic or example.id}",
        messages=example.messages[:-1],
        gated=counts,
        contract=task.name if counts else "",
        severity=_HELD_OUT_SEVERITY,
        public=example.public,
    )


def _topics_in_turn(cases: Sequence[AskedCase]) -> list[AskedCase]:
    """The first case of every topic, then the second of every topic, and so on, else in the order given."""
    by_topic: dict[str, list[AskedCase]] = {}
    for case in cases:
        by_topic.setdefault(case.cluster, []).append(case)
    rounds = zip_longest(*by_topic.values())
    return [case for one in rounds for case in one if case is not None]
