"""What a model can be tuned for: one folder a task, with its prompts, its output form and the check of that form."""

from medtune.tasks.contract import check_contract, compares, contract_digest
from medtune.tasks.contracts.answer import REFUSAL
from medtune.tasks.evidence import Evidence, Quotation, asker, find_evidence, find_quotations
from medtune.tasks.load import TASKS, load_task
from medtune.tasks.render import (
    four_parts,
    render_answer,
    render_paragraph,
    render_parts,
    render_quotes,
    render_steps,
    render_tags,
)
from medtune.tasks.result import ContractResult, Problem
from medtune.tasks.task import FORM_ONLY_NOTE, Fidelity, Task, TaskDecoding

__all__ = [
    "FORM_ONLY_NOTE",
    "REFUSAL",
    "TASKS",
    "ContractResult",
    "Evidence",
    "Fidelity",
    "Problem",
    "Quotation",
    "Task",
    "TaskDecoding",
    "asker",
    "check_contract",
    "compares",
    "contract_digest",
    "find_evidence",
    "find_quotations",
    "four_parts",
    "load_task",
    "render_answer",
    "render_paragraph",
    "render_parts",
    "render_quotes",
    "render_steps",
    "render_tags",
]
