"""A quick look at the imported model: audited questions again, and the task's smoke questions."""

from dataclasses import dataclass

from medtune.runs.layout import CASES, RESPONSES
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.base import read_rows
from medtune.ship.folder import ReleaseFolder
from medtune.ship.ollama.api import Ollama
from medtune.ship.ollama.package import Package
from medtune.tasks import TASKS, check_contract, load_task

_AUDITED = 3
"""So many audited questions are asked again."""


@dataclass(frozen=True)
class SmokeAnswer:
    """One answer of the imported model."""

    question: str
    text: str
    whole_form: bool
    audited: str | None = None
    """The audited answer; None for a question that was not asked in the audit."""
    kept_form: bool = True
    """False when the audited answer had the task's form and this one has not."""

    @property
    def same(self) -> bool:
        """Word for word the audited answer."""
        return self.audited is not None and self.text.strip() == self.audited.strip()


def ask_smoke(ollama: Ollama, package: Package, found: ReleaseFolder) -> list[SmokeAnswer]:
    """Public audited questions first, then the task's own. The model's parameters are those of its Modelfile."""
    answers = [_again(ollama, package, found, case, answer) for case, answer in _audited(found)]
    if found.row.task in TASKS:
        task = load_task(found.row.task)
        for question in task.smoke:
            text, ended = ollama.chat(package.name, [{"role": "user", "content": question}], {"seed": 0})
            answers.append(SmokeAnswer(question, text, check_contract(task, text, ended, question).ok))
    return answers


def _audited(found: ReleaseFolder) -> list[tuple[AskedCase, Response]]:
    """Questions whose texts are public, with the greedy answers of the released build."""
    if found.run is None or not (found.run.stage("ask") / CASES).is_file():
        return []
    folder = found.run.stage("ask")
    greedy = {
        row.case: row
        for row in read_rows(folder / RESPONSES, Response)
        if row.build == found.row.released and row.sample == 0 and row.finish_reason == "stop"
    }
    cases = [case for case in read_rows(folder / CASES, AskedCase) if case.public and case.gated and case.id in greedy]
    return [(case, greedy[case.id]) for case in cases[:_AUDITED]]


def _again(ollama: Ollama, package: Package, found: ReleaseFolder, case: AskedCase, audited: Response) -> SmokeAnswer:
    messages = [{"role": turn.role, "content": turn.content} for turn in case.messages]
    text, ended = ollama.chat(package.name, messages, {"seed": 0})
    whole = had = True
    if found.row.task in TASKS:
        task = load_task(found.row.task)
        asked = case.messages[-1].content
        whole = check_contract(task, text, ended, asked).ok
        had = check_contract(task, audited.text, audited.finish_reason, asked).ok
    return SmokeAnswer(case.messages[-1].content, text, whole, audited.text, whole or not had)
