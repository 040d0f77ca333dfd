"""What a model can be tuned for: one folder a task, with its prompts, its output form and the check of that form."""

from medtune.tasks.contract import ContractResult, Problem, check_contract, contract_digest
from medtune.tasks.load import TASKS, load_task
from medtune.tasks.render import four_parts, render_parts
from medtune.tasks.task import FORM_ONLY_NOTE, Task, TaskDecoding

__all__ = [
    "FORM_ONLY_NOTE",
    "TASKS",
    "ContractResult",
    "Problem",
    "Task",
    "TaskDecoding",
    "check_contract",
    "contract_digest",
    "four_parts",
    "load_task",
    "render_parts",
]
