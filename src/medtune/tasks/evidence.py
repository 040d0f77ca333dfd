"""From a document to a summary with its evidence: summarise, quote what the summary rests on, find the quotations.

    summary, evidence = load_task("consult-summary"), load_task("consult-validation")
    found = find_evidence(
        form, asker(client, summary), asker(client, evidence), summary_task=summary, evidence_task=evidence
    )
    for quotation in found.quotations:
        print(quotation.match, quotation.start, quotation.end, quotation.text)

The two steps are any two callables that take a user turn and give an answer: two models, one model, or a person.
Offsets count characters of the document as it was given (Python's indices), end exclusive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from medtune.llm.messages import Decoding, Message, Reply
from medtune.tasks.contract import check_contract
from medtune.tasks.contracts import CONTRACTS, TagsContract
from medtune.tasks.forms import join_summary
from medtune.tasks.locate import Place, places_of
from medtune.tasks.result import ContractResult
from medtune.tasks.task import Task

Step = Callable[[str], Reply | str]
"""Takes a user turn, gives the answer: text that ended by itself, or a reply that says how it ended."""
Match = Literal["exact", "loose", "none"]


class Chat(Protocol):
    """What a model is asked through: a `ChatClient` or a `LlamaServer`."""

    def chat(self, messages: Sequence[Message], decoding: Decoding) -> Reply: ...


@dataclass(frozen=True)
class Quotation:
    """One string of the evidence and where it stands; `start` and `end` are -1 when it stands nowhere."""

    text: str
    match: Match
    """`exact`, or `loose` when only case, spacing or XML entities differ."""
    start: int = -1
    end: int = -1
    places: tuple[Place, ...] = ()
    """Every place in the document, the chosen one among them; places may overlap."""


@dataclass(frozen=True)
class Evidence:
    """A summary with the quotations that it rests on."""

    source: str
    summary: str
    """What a person reads: the last tag's body where the task has tags."""
    quotations: tuple[Quotation, ...]
    """In the order in which they were given."""
    summary_result: ContractResult
    """Form and faithfulness of the summary."""
    evidence_result: ContractResult
    """Form and faithfulness of the quotations: what is not verbatim, and what no quotation covers."""

    @property
    def unmatched(self) -> tuple[Quotation, ...]:
        """Quotations that stand nowhere in the document."""
        return tuple(one for one in self.quotations if one.match == "none")

    @property
    def highlights(self) -> tuple[tuple[int, int], ...]:
        """The chosen places as stretches that do not overlap, in order of place: what a page marks."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted((one.start, one.end) for one in self.quotations if one.match != "none"):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return tuple(merged)


def asker(client: Chat, task: Task) -> Callable[[str], Reply]:
    """A step that asks a model as the task is audited: its system prompt, its decoding."""

    def ask(turn: str) -> Reply:
        messages: list[Message] = [{"role": "system", "content": task.system}, {"role": "user", "content": turn}]
        return client.chat(messages, task.decoding.settings())

    return ask


def find_evidence(source: str, summarise: Step, validate: Step, *, summary_task: Task, evidence_task: Task) -> Evidence:
    """Summarise a document, ask for the evidence, and find it. What a step raises is passed on.

    A summary that misses its form is still validated, as it stands; quotations that cannot be read are none.
    """
    told, ended = _text(summarise(source))
    summary_result = check_contract(summary_task, told, ended, source)
    summary = _summary(summary_task, summary_result, told)
    turn = join_summary(source, summary)
    given, gave = _text(validate(turn))
    quotes = CONTRACTS[evidence_task.contract.kind](
        evidence_task.contract, given, turn, evidence_task.disclaimer
    ).quotes
    return Evidence(
        source=source,
        summary=summary,
        quotations=find_quotations(source, quotes),
        summary_result=summary_result,
        evidence_result=check_contract(evidence_task, given, gave, turn),
    )


def find_quotations(source: str, quotes: Sequence[str]) -> tuple[Quotation, ...]:
    """Each string with its place: letter by letter first, else without regard to case and spacing.

    A string that stands in several places gets the next one behind the quotation before it, else the first, and a
    string that is given again the next place that it does not have yet: so the value of a laboratory result is found
    behind its name.
    """
    found: list[Quotation] = []
    taken: dict[str, set[Place]] = {}
    behind = 0
    for quote in quotes:
        match, places = places_of(source, quote)
        if not places:
            found.append(Quotation(quote, "none"))
            continue
        used = taken.setdefault(quote, set())
        free = [place for place in places if place not in used] or list(places)
        start, end = next((place for place in free if place[0] >= behind), free[0])
        used.add((start, end))
        behind = end
        found.append(Quotation(quote, match, start, end, places))
    return tuple(found)


def _text(answer: Reply | str) -> tuple[str, str]:
    return (answer, "stop") if isinstance(answer, str) else (answer.text, answer.finish_reason)


def _summary(task: Task, result: ContractResult, text: str) -> str:
    if isinstance(task.contract, TagsContract) and (body := result.parts.get(task.contract.tags[-1])):
        return body
    return text.strip()
