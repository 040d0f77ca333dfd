"""`medtune ask RUN --evidence RUN2`: a summary, and where in the document the quotations that it rests on stand."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from medtune.cli.runs import ChosenBuild
    from medtune.llm.messages import Reply
    from medtune.tasks import ContractResult, Evidence, Quotation

_DOCUMENTS = {"consultation": "a consultation form", "encounter": "an encounter"}


def answer_with_evidence(
    run: str,
    build: str | None,
    evidence: str,
    evidence_build: str | None,
    document: str,
    *,
    as_json: bool,
    runs_folder: Path,
) -> None:
    """Ask both runs, one after the other, and print what they say.

    Raises UsageError when RUN does not summarise documents or RUN2 does not quote them, and what `ask` raises.
    """
    from medtune.cli.runs import choose_build, find_run
    from medtune.tasks import find_evidence

    first = choose_build(find_run(run, runs_folder), build)
    second = choose_build(find_run(evidence, runs_folder), evidence_build)
    _check_tasks(first, second)
    found = find_evidence(
        document,
        lambda turn: _reply(first, turn),
        lambda turn: _reply(second, turn),
        summary_task=first.task,
        evidence_task=second.task,
    )
    if as_json:
        click.echo(json.dumps(_value(first, second, found), ensure_ascii=False, indent=2))
    else:
        _show(first, second, found)


def _check_tasks(first: "ChosenBuild", second: "ChosenBuild") -> None:
    from medtune.core.errors import UsageError

    if first.task.input not in _DOCUMENTS:
        raise UsageError(
            f"{first.name} is a run of the task {first.task.name}, which summarises no document",
            where=str(first.run.path),
            next_step="name a run of consult-summary or discharge-summary",
        )
    if second.task.input != "validation":
        raise UsageError(
            f"{second.name} is a run of the task {second.task.name}, which quotes nothing",
            where=str(second.run.path),
            next_step="name a run of consult-validation or discharge-validation with --evidence",
        )


def _reply(chosen: "ChosenBuild", turn: str) -> "Reply":
    """One answer; the server of the first run has ended before that of the second begins."""
    from medtune.cli.talk import serving
    from medtune.tasks import asker

    with serving(chosen) as server:
        return asker(server, chosen.task)(turn)


def _value(first: "ChosenBuild", second: "ChosenBuild", found: "Evidence") -> dict[str, Any]:
    return {
        "summary": found.summary,
        "quotations": [_quotation(one) for one in found.quotations],
        "unmatched": len(found.unmatched),
        "highlights": [list(place) for place in found.highlights],
        "summarised_by": _build(first) | _findings(found.summary_result),
        "quoted_by": _build(second) | _findings(found.evidence_result),
    }


def _quotation(one: "Quotation") -> dict[str, Any]:
    place = {"start": one.start, "end": one.end} if one.match != "none" else {"start": None, "end": None}
    return {"text": one.text, "match": one.match, **place, "places": [list(place) for place in one.places]}


def _build(chosen: "ChosenBuild") -> dict[str, Any]:
    from medtune.tasks import FORM_ONLY_NOTE

    return {
        "run": chosen.name,
        "build": chosen.build.name,
        "sha256": chosen.build.sha256,
        "verdict": chosen.verdict,
        "scope": FORM_ONLY_NOTE,
        "disclaimer": chosen.task.disclaimer.strip(),
    }


def _findings(result: "ContractResult") -> dict[str, Any]:
    return {
        "form": [f"{one.name}: {one.reason}" for one in result.problems],
        "unfaithful": [{"name": one.name, "reason": one.reason, "span": one.span} for one in result.unfaithful],
    }


def _show(first: "ChosenBuild", second: "ChosenBuild", found: "Evidence") -> None:
    from medtune.cli.talk import footer

    click.echo(f"{found.summary}\n")
    for number, one in enumerate(found.quotations, 1):
        place = "not in the document" if one.match == "none" else f"{one.start}-{one.end}"
        click.echo(f"[{number}] {place}{', but for case or spacing' if one.match == 'loose' else ''}: {one.text}")
    if not found.quotations:
        click.echo("[no quotation could be read]")
    for what, result in (("summary", found.summary_result), ("quotations", found.evidence_result)):
        for problem in (*result.problems, *result.unfaithful):
            span = f" ({problem.span})" if problem.span else ""
            click.echo(f"[{what}: {problem.reason}{span}]")
    click.echo(f"\n{footer(first)}\n{footer(second)}")
