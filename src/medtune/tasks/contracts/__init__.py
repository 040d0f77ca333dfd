"""Kinds of output contract: one file a kind, one line in the table."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from medtune.tasks.contracts import answer, paragraph, parts, quotes, steps, tags
from medtune.tasks.contracts.answer import AnswerContract
from medtune.tasks.contracts.paragraph import ParagraphContract
from medtune.tasks.contracts.parts import PartsContract
from medtune.tasks.contracts.quotes import QuotesContract
from medtune.tasks.contracts.steps import StepsContract
from medtune.tasks.contracts.tags import TagsContract
from medtune.tasks.result import Form

AnyContract = Annotated[
    PartsContract | TagsContract | QuotesContract | ParagraphContract | StepsContract | AnswerContract,
    Field(discriminator="kind"),
]
"""What a task may declare."""

Checker = Callable[[Any, str, str, str], Form]
"""Contract, answer, the text that was given, the task's disclaimer: what is wrong with the form."""

CONTRACTS: dict[str, Checker] = {
    "parts": lambda contract, text, _source, _disclaimer: parts.check(contract, text),
    "tags": lambda contract, text, _source, _disclaimer: tags.check(contract, text),
    "quotes": lambda contract, text, _source, _disclaimer: quotes.check(contract, text),
    "paragraph": lambda contract, text, _source, _disclaimer: paragraph.check(contract, text),
    "steps": lambda contract, text, source, _disclaimer: steps.check(contract, text, source),
    "answer": lambda contract, text, _source, disclaimer: answer.check(contract, text, disclaimer),
}
"""Kind to checker."""

VERSIONS: dict[str, int] = {"parts": 1, "tags": 1, "quotes": 1, "paragraph": 1, "steps": 1, "answer": 1}
"""Of each kind's rules: raised when the same answer could be judged differently than before."""

__all__ = [
    "CONTRACTS",
    "VERSIONS",
    "AnswerContract",
    "AnyContract",
    "Checker",
    "ParagraphContract",
    "PartsContract",
    "QuotesContract",
    "StepsContract",
    "TagsContract",
]
