"""Does an answer have the form that its task declares, and does it keep to the text that it was given?

The form is looked at by the kind of the contract (`contracts/`), what it says by the form of the input (`fidelity/`).
Only the form may decide a verdict of scope `form`; how faithful answers are is counted and shown.
"""

from medtune.core.hashing import digest_json
from medtune.detect.emergency_numbers import numbers_of
from medtune.tasks.contracts import CONTRACTS, VERSIONS, PartsContract
from medtune.tasks.fidelity import FIDELITY, FIDELITY_VERSION
from medtune.tasks.result import ContractResult, ending
from medtune.tasks.task import Task

CONTRACT_VERSION = VERSIONS["parts"]
"""Raised when the same answer could be judged differently than before; every kind has its own in `VERSIONS`."""


def contract_digest(task: Task) -> str:
    """Hex sha256 of what decides here: the declared form, what it is compared with, and the version of the rules."""
    contract = task.contract
    if isinstance(contract, PartsContract):
        return digest_json(
            {"version": CONTRACT_VERSION, "parts": list(contract.parts), "min_words": contract.min_words}
        )
    return digest_json(
        {
            "version": VERSIONS[contract.kind],
            "contract": contract.model_dump(mode="json"),
            "disclaimer": task.disclaimer.strip() if contract.kind == "answer" else "",
            "input": task.input,
            "fidelity": {"version": FIDELITY_VERSION, **task.fidelity.model_dump(mode="json")},
        }
    )


def check_contract(
    task: Task, text: str, finish_reason: str, source: str = "", *, locale: str | None = None
) -> ContractResult:
    """Check one answer; `finish_reason` is the server's (`stop`: the model ended its turn).

    `source` is the user turn: the document that answers of some tasks must keep to. Without it nothing is compared.
    `locale` is the country of use (ISO 3166), whose emergency number is the right one.
    """
    form = CONTRACTS[task.contract.kind](task.contract, text, source, task.disclaimer)
    problems = (*ending(finish_reason), *form.problems)
    unfaithful = FIDELITY[task.input](task, form, source, locale) if source.strip() else ()
    return ContractResult(ok=not problems, problems=problems, parts=form.parts, unfaithful=unfaithful)


def compares(task: Task, locale: str | None = None) -> bool:
    """True when answers of this task are held against the document that was given, or against the place of use."""
    if task.contract.kind == "steps":
        return numbers_of(locale) is not None
    return task.input in ("consultation", "encounter", "validation")
