"""A case as a consultation form, and the summaries that satisfy the task: with reasoning, in two languages."""

from dataclasses import dataclass

from medtune.collect.synthetic.case import Case
from medtune.collect.synthetic.draw import Draw
from medtune.collect.synthetic.facts import ConsultationWording, Facts
from medtune.collect.synthetic.told import (
    Told,
    as_written,
    lower_first,
    quotes_of,
    told_finding,
    told_lab,
    told_vital,
    written,
)
from medtune.tasks.forms import Consultation, LabResult, Request, render_consultation


@dataclass(frozen=True)
class Summary:
    """A summary, and the strings of its document that bear it out."""

    text: str
    quotes: list[str]


def consultation_form(case: Case) -> str:
    """The case's document."""
    asked = case.asked
    vitals = ", ".join(vital.text for vital in case.vitals)
    return render_consultation(
        Consultation(
            request=Request(asked.department, asked.reason, case.condition.ward, asked.question),
            background=_background(case),
            medication=(*case.drugs, *case.home_drugs),
            laboratory=tuple(
                LabResult(result.name, result.value, result.reference) for result in (*case.labs, *case.later)
            ),
            findings="\n".join((f"Vital signs: {vitals}.", *(f"{written(one)}." for one in case.findings))),
            reply=asked.reply,
        )
    )


def reasoned_summary(case: Case, facts: Facts, draw: Draw, language: str) -> str:
    """Reasoning and summary in their tags; `language` is `en` or `zh-Hant`."""
    wording = facts.wording.consultation[language]
    names = _names(case, facts, language)
    abnormal = [told for told, counts in _findings(case, facts) if counts]
    state = draw.one(wording.state_replied if case.asked.reply else wording.state_awaited)
    listed = wording.join.join(_in(language, told) for told in abnormal) or wording.none
    thinking = draw.fill(draw.one(wording.thinking), {**names, "abnormal": listed, "state": state})
    parts = [told for told, counts in _findings(case, facts) if counts] or [told for told, _ in _findings(case, facts)][
        :2
    ]
    text = _sentences(case, wording, names, draw, language=language, findings=parts, medication=_medication(case))
    return f"<thinking>\n{thinking}\n</thinking>\n<answer>\n{text}\n</answer>"


def plain_summary(case: Case, facts: Facts, draw: Draw) -> Summary:
    """A summary to be checked: some of the findings and medicines, with the quotes that cover it."""
    wording = facts.wording.consultation["en"]
    findings = draw.some([told for told, _ in _findings(case, facts)], 4, 1)
    medication = draw.some(_medication(case), 3)
    text = _sentences(
        case, wording, _names(case, facts, "en"), draw, language="en", findings=findings, medication=medication
    )
    asked = case.asked
    lead = Told("", "", (asked.department, case.condition.ward, asked.reason))
    reply = [as_written(asked.reply)] if asked.reply else []
    return Summary(text, quotes_of([lead, *findings, *medication, *reply]))


def _background(case: Case) -> str:
    known = f" Known: {', '.join(case.history)}." if case.history else ""
    return f"{case.person} with {case.complaint}, treated for {lower_first(case.condition.name)}.{known}"


def _medication(case: Case) -> list[Told]:
    return [as_written(order) for order in (*case.drugs, *case.home_drugs)]


def _findings(case: Case, facts: Facts) -> list[tuple[Told, bool]]:
    """Everything that can be told of the findings, and whether it belongs into every summary."""
    return [
        *((told_lab(result, facts.labs_zh), result.abnormal) for result in case.labs),
        *((told_vital(vital), vital.abnormal) for vital in case.vitals),
        *((told_finding(finding), True) for finding in case.findings),
    ]


def _names(case: Case, facts: Facts, language: str) -> dict[str, str]:
    asked = case.asked
    if language == "en":
        return {"department": asked.department, "sender": case.condition.ward, "reason": asked.reason}
    zh = facts.departments_zh
    return {"department": zh[asked.department], "sender": zh[case.condition.ward], "reason": asked.reason_zh}


def _in(language: str, told: Told) -> str:
    return told.text if language == "en" else told.text_zh


def _sentences(
    case: Case,
    wording: ConsultationWording,
    names: dict[str, str],
    draw: Draw,
    *,
    language: str,
    findings: list[Told],
    medication: list[Told],
) -> str:
    """Request, findings, medication, reply: one sentence or more each."""
    lists = {"findings": findings, "medication": medication}
    said = [draw.fill(draw.one(wording.lead), names)]
    for kind, parts in lists.items():
        if parts:
            listed = wording.join.join(_in(language, told) for told in parts)
            said.append(draw.fill(draw.one(getattr(wording, kind)), {kind: listed}))
    reply = case.asked.reply if language == "en" else case.asked.reply_zh
    said.append(draw.fill(draw.one(wording.replied if reply else wording.awaited), {**names, "reply": reply}))
    return wording.space.join(said)
