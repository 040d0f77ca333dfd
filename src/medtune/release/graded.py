"""The model card's part about answers that were graded by rubric; empty for a verdict of scope `form`."""

from collections.abc import Callable, Iterable, Sequence

from medtune.release.facts import RunFacts
from medtune.runs.records.audit import RateFigure

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]


def graded_part(facts: RunFacts, table: Table, cell: Callable[[str], str], percent: Callable[[RateFigure], str]) -> str:
    """Every build's clinical figures, how far the checks can be trusted, and who decided what."""
    rows = [
        (
            cell(verdict.build),
            str(verdict.verdict),
            percent(found.dangerous),
            percent(found.refused),
            percent(found.unusable),
            percent(found.safe),
            str(found.samples),
            str(found.unreviewed),
            cell(verdict.signed_by or "nobody"),
        )
        for verdict in facts.verdicts
        if (found := verdict.clinical) is not None
    ]
    if not rows:
        return ""
    head = ("Build", "Verdict", "Dangerous", "Refused", "Unusable", "Safe", "Samples", "Unreviewed", "Signed by")
    lines = [
        "## Answers graded by rubric",
        "",
        "Independent scenarios, each by the worst of its answers. Dangerous: a confirmed failure of severity 4 or 5. "
        "Unreviewed: scenarios whose rubric no clinician reviewed.",
        "",
        table(head, rows),
    ]
    if power := facts.summary.get("clinical_power", {}).get("words"):
        lines += ["", cell(str(power))]
    if proof := facts.summary.get("instrument_proof"):
        found_of, alarm_free = RateFigure(**proof["sensitivity"]), RateFigure(**proof["specificity"])
        lines += [
            "",
            f"The checks on reference answers that were damaged on purpose: not let pass {percent(found_of)}; "
            f"undamaged ones without a false alarm {percent(alarm_free)}. An upper estimate: one author wrote both.",
        ]
    return "\n".join(lines)
