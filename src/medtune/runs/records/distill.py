"""01-collect of recipes with a teacher: distill.json, a list of DistillFacts, and unaccepted.jsonl."""

from medtune.runs.records.base import Row


class TryFacts(Row):
    """The answers to first prompts, or to those that told what was wrong."""

    number: int
    """1 is the first prompt."""
    judged: int
    passed: int


class CategoryFacts(Row):
    """One category of synthetic pairs."""

    name: str
    quota: int
    asked: int
    accepted: int


class CostFacts(Row):
    """What the tokens cost by the recipe's prices."""

    currency: str
    prompt: float
    """Of a million prompt tokens."""
    answer: float
    """Of a million answer tokens."""
    total: float


class DistillFacts(Row):
    """One `distill` source: what was asked, what passed, how varied it is, what it cost."""

    source: str
    task: str
    mode: str
    teacher: str
    host: str
    """The machine that the teacher ran on."""
    licence: str
    """That binds what the teacher wrote."""
    seeds: str = ""
    """The source of the questions and documents; empty where topics were asked about."""
    rows: int
    """Rows that were to be written."""
    accepted: int
    rejected: dict[str, int]
    """Count per reason; rows = accepted + sum(rejected)."""
    held_back: dict[str, int]
    """Prompts that were never sent, by the kind of identifier in them; one may count under several kinds."""
    tries: tuple[TryFacts, ...]
    troubles: dict[str, int]
    """Reasons over all tries, also of rows that passed later."""
    categories: tuple[CategoryFacts, ...] = ()
    distinct: dict[str, float]
    """Distinct runs of one, two and three words over all such runs of the accepted answers (0 to 1)."""
    questions: int
    """Distinct questions among the accepted rows."""
    answer_words: float
    """Mean words of an accepted answer."""
    calls: int
    """Answers that the teacher gave, those of earlier sittings among them."""
    prompt_tokens: int
    answer_tokens: int
    estimated_calls: int
    """Calls whose endpoint counted no tokens: theirs are estimates."""
    token_budget: int | None = None
    budget_spent: bool = False
    cost: CostFacts | None = None


class Unaccepted(Row):
    """One row that did not come to be."""

    id: str
    source: str
    reason: str
    tries: int
    """Calls that were made for it."""
    kinds: tuple[str, ...] = ()
    """Kinds of identifiers for which its prompt was held back."""
    made_from: str | None = None
